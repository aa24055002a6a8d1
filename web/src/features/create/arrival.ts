export const WAYS = ["reuse", "remix", "edit", "extend", "frame"] as const;
export type Way = (typeof WAYS)[number];
export type Arrival = { from?: string; as?: Way; file?: string; who?: string };

/** Reads from an address what the composer is to begin with. */
export function readArrival(search: Record<string, unknown>): Arrival {
  const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);
  return { from: text(search.from), as: WAYS.find((way) => way === search.as), file: text(search.file), who: text(search.who) };
}
