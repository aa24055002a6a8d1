/** The stretch a page of figures is about, as its address says it. */
export const RANGES = ["24h", "7d", "30d", "90d", "own"] as const;
export type RangeName = (typeof RANGES)[number];
export type Search = { range?: string; from?: string; to?: string };
export type Range = { name: RangeName; from: number; to: number | undefined };

const DAY_S = 86_400;
const LENGTHS: Record<Exclude<RangeName, "own">, number> = {
  "24h": DAY_S,
  "7d": 7 * DAY_S,
  "30d": 30 * DAY_S,
  "90d": 90 * DAY_S,
};
export const USUAL = "7d";
const LONGEST_S = 366 * DAY_S;

/** Reads days such as `2026-11-22` as Unix seconds in the reader's own time zone; null for what is no day. */
export function dayOf(text: string | undefined): number | null {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const at = new Date(`${text}T00:00:00`).getTime();
  return Number.isNaN(at) ? null : Math.floor(at / 1000);
}

/** Writes the day of a moment as the reader's calendar has it. */
export function dayText(atMs: number): string {
  const at = new Date(atMs);
  return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, "0"), String(at.getDate()).padStart(2, "0")].join("-");
}

/** Reads a stretch; what cannot be one is the last seven days. */
export function rangeOf(search: Search, nowMs: number): Range {
  const now = Math.floor(nowMs / 1000);
  const name = RANGES.find((one) => one === search.range) ?? USUAL;
  if (name !== "own") return { name, from: now - LENGTHS[name], to: undefined };
  const from = dayOf(search.from);
  const last = dayOf(search.to);
  const to = last === null ? now + 1 : last + DAY_S;
  if (from === null || from >= to) return { name, from: now - LENGTHS[USUAL], to: undefined };
  return { name, from: Math.max(from, to - LONGEST_S), to };
}
