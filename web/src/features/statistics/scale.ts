import type { Step } from "@/api/statistics";

export type Slot = Step & { rate: number | null };

/** Gives every step of a stretch, those in which nothing happened as well, so that time is drawn evenly. */
export function slotsOf(steps: readonly Step[], stepMs: number, from: number, to: number): Slot[] {
  const known = new Map(steps.map((step) => [step.at, step]));
  const first = from - (from % stepMs);
  const slots: Slot[] = [];
  for (let at = first; at < to; at += stepMs) {
    const step = known.get(at) ?? { at, tasks: 0, completed: 0, failed: 0, cancelled: 0, open: 0 };
    const ended = step.completed + step.failed;
    slots.push({ ...step, rate: ended === 0 ? null : step.completed / ended });
  }
  return slots;
}

/** Gives a round number at or above the highest value, to be the top of an axis. */
export function roundTop(highest: number): number {
  if (highest <= 4) return 4;
  const size = 10 ** Math.floor(Math.log10(highest));
  for (const step of [1, 2, 4, 5, 8, 10]) if (step * size >= highest) return step * size;
  return 10 * size;
}

/** Picks the places of at most `most` labels, evenly. */
export function labelled(count: number, most: number): Set<number> {
  const every = Math.max(1, Math.ceil(count / most));
  return new Set(Array.from({ length: count }, (_, n) => n).filter((n) => n % every === 0));
}
