import type { Item } from "@/api/library";
import { ratioOf } from "@/components/scrub";

export type Placed = { item: Item; index: number; width: number };
export type Row =
  | { kind: "day"; key: string; day: number; height: number }
  | { kind: "tiles"; key: string; tiles: Placed[]; height: number };

export const GAP = 8;
const DAY_HEIGHT = 40;

/** The begin of the day of a moment, where the reader is. */
export function dayOf(atMs: number): number {
  const day = new Date(atMs);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

function shape(item: Item): number {
  return Math.min(2.4, Math.max(0.45, ratioOf(item)));
}

/**
 * Fills rows with clips in their true shapes: every full row has the page's width and about the wished height.
 * With days, each begins under its own heading.
 */
export function rowsOf(items: Item[], width: number, wished: number, days: boolean): Row[] {
  const rows: Row[] = [];
  let line: { item: Item; index: number; ratio: number }[] = [];
  let sum = 0;
  let day: number | null = null;
  const close = (full: boolean) => {
    const first = line[0];
    if (!first) return;
    const exact = (width - GAP * (line.length - 1)) / sum;
    const height = full ? exact : Math.min(exact, wished);
    const tiles = line.map(({ item, index, ratio }) => ({ item, index, width: ratio * height }));
    rows.push({ kind: "tiles", key: first.item.id, tiles, height });
    line = [];
    sum = 0;
  };
  items.forEach((item, index) => {
    const its = dayOf(item.created_at);
    if (days && its !== day) {
      close(false);
      day = its;
      rows.push({ kind: "day", key: `day-${its}`, day: its, height: DAY_HEIGHT });
    }
    const ratio = shape(item);
    line.push({ item, index, ratio });
    sum += ratio;
    if (sum * wished + GAP * (line.length - 1) >= width) close(true);
  });
  close(false);
  return rows;
}
