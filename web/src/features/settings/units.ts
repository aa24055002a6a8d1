import type { Tuned } from "@/api/installation";
import { bytes, duration, whole } from "@/lib/format";

const BYTES = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
] as const;
const SECONDS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

type Time = (typeof SECONDS)[number][0];
export type Unit = (typeof BYTES)[number][0] | Time;

/** Whether a unit is one of time, which every language has words for. */
export function isTime(unit: Unit): unit is Time {
  return SECONDS.some(([name]) => name === unit);
}

/** The units a setting may be written in, the largest first; none for plain numbers. */
export function unitsOf(kind: Tuned["kind"]): readonly (readonly [Unit, number])[] {
  if (kind === "bytes") return BYTES;
  return kind === "seconds" ? SECONDS : [];
}

/** The largest unit in which a value is a whole number. */
export function unitFor(kind: Tuned["kind"], value: number): Unit | null {
  const units = unitsOf(kind);
  const fits = units.find(([, size]) => value >= size && value % size === 0);
  return (fits ?? units.at(-1))?.[0] ?? null;
}

export function sizeOf(unit: Unit | null): number {
  return [...BYTES, ...SECONDS].find(([name]) => name === unit)?.[1] ?? 1;
}

/** Writes a value as people read it; null for one that has no words but itself. */
export function inWords(one: Pick<Tuned, "kind" | "unlimited">, value: unknown, language: string): string | null {
  if (typeof value !== "number") return null;
  if (one.unlimited && value === 0) return null;
  switch (one.kind) {
    case "bytes":
      return value % 1024 === 0 && value > 0
        ? `${whole(value / sizeOf(unitFor("bytes", value)), language)} ${unitFor("bytes", value)}`
        : bytes(value, language);
    case "seconds":
      return days(value, language) ?? duration(value, language);
    default:
      return whole(value, language);
  }
}

function days(seconds: number, language: string): string | null {
  if (seconds < 172_800 || seconds % 86_400 !== 0) return null;
  return new Intl.NumberFormat(language, { style: "unit", unit: "day", unitDisplay: "long" }).format(seconds / 86_400);
}
