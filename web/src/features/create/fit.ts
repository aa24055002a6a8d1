import type { Abilities, CreateBody, Model } from "@/api/types";
import { aspectOf, sides } from "@/lib/format";
import { meant } from "./cast";
import type { Draft } from "./draft";

export type Slot = "first_frame" | "last_frame" | "reference";
export const SLOTS: readonly Slot[] = ["first_frame", "last_frame", "reference"];

type Span = { min: number; max: number };

/** One choice as the page shows it; `reason` says why it cannot be had. */
export type Choice<T> = { value: T; possible: boolean };

const COMMON_SECONDS = [4, 5, 6, 8, 10, 12, 15];
const COMMON_ASPECTS = ["16:9", "9:16", "1:1"];
const COMMON_SIZES = ["1280x720", "720x1280", "960x960", "1024x768", "768x1024", "1920x1080", "1080x1920"];
/** Lengths beyond this are set as a number rather than picked. */
const MOST_CHIPS = 12;

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "min" in value;
}

export function takesSeconds(able: Abilities, seconds: number): boolean {
  if (able.seconds === null) return true;
  if (isSpan(able.seconds)) return seconds >= able.seconds.min && seconds <= able.seconds.max;
  return able.seconds.includes(seconds);
}

export function takesSize(able: Abilities, size: string): boolean {
  if (able.sizes === null) return true;
  if (!isSpan(able.sizes)) return able.sizes.includes(size);
  const found = sides(size);
  const span = able.sizes;
  return found !== null && [found.width, found.height].every((side) => side >= span.min && side <= span.max && side % 2 === 0);
}

/** The lengths to pick from: all that this model takes, and struck ones that others here do. */
export function secondsChoices(able: Abilities, all: readonly Model[]): Choice<number>[] {
  const own = Array.isArray(able.seconds) ? able.seconds : COMMON_SECONDS.filter((s) => takesSeconds(able, s));
  const others = all.flatMap((model) => (Array.isArray(model.video.seconds) ? model.video.seconds : []));
  const shown = own.length > 0 && own.length <= MOST_CHIPS ? own : COMMON_SECONDS.filter((s) => takesSeconds(able, s));
  const few = others.filter((s) => COMMON_SECONDS.includes(s) || own.includes(s));
  const values = [...new Set([...shown, able.seconds_default, ...few])].sort((a, b) => a - b);
  return values.map((value) => ({ value, possible: takesSeconds(able, value) }));
}

/** The sizes a model makes, as far as they can be listed. */
export function sizesOf(able: Abilities): string[] {
  if (Array.isArray(able.sizes)) return able.sizes;
  return [...new Set([able.size_default, ...COMMON_SIZES])].filter((size) => takesSize(able, size));
}

export function aspectChoices(able: Abilities): Choice<string>[] {
  const own = [
    ...new Set(
      sizesOf(able)
        .map(aspectOf)
        .filter((a): a is string => a !== null),
    ),
  ];
  const values = [...new Set([...COMMON_ASPECTS, ...own])];
  return values.map((value) => ({ value, possible: own.includes(value) }));
}

function area(size: string): number {
  const found = sides(size);
  return found ? found.width * found.height : 0;
}

/** The size of a shape that is nearest in area to another size. */
export function sizeFor(able: Abilities, aspect: string, near: string): string | null {
  const fitting = sizesOf(able).filter((size) => aspectOf(size) === aspect);
  fitting.sort((a, b) => Math.abs(Math.log(area(a) / area(near))) - Math.abs(Math.log(area(b) / area(near))));
  return fitting[0] ?? null;
}

/** `720p` for people; the exact size stands beside it. */
export function resolutionOf(size: string): string {
  const found = sides(size);
  return found ? `${Math.min(found.width, found.height)}p` : size;
}

export function room(able: Abilities, slot: Slot): number {
  return able.inputs[slot] ?? 0;
}

export type Dropped = "seconds" | "size" | "seed" | "negative" | "audio" | "watermark" | "characters" | Slot;

/** Moves a draft to another model: what fits stays, and what does not is named. */
export function fitted(draft: Draft, model: Model): { draft: Draft; dropped: Dropped[] } {
  const able = model.video;
  const next: Draft = { ...draft, model: model.id };
  const dropped: Dropped[] = [];
  if (draft.seconds !== null && !takesSeconds(able, draft.seconds)) {
    next.seconds = null;
    dropped.push("seconds");
  }
  if (draft.size !== null && !takesSize(able, draft.size)) {
    next.size = sizeFor(able, aspectOf(draft.size) ?? "", draft.size);
    dropped.push("size");
  }
  if (draft.seed && !able.seed) dropped.push("seed");
  if (draft.negative && !able.negative_prompt) dropped.push("negative");
  if (draft.audio !== null && !able.audio_switch) dropped.push("audio");
  if (draft.watermark !== null && !able.watermark) dropped.push("watermark");
  if (meant(draft.prompt, draft.cast).length > able.characters) dropped.push("characters");
  for (const slot of SLOTS) if (draft.pictures[slot].length > room(able, slot)) dropped.push(slot);
  return { draft: next, dropped };
}

/** What is sent: only what this model takes. Texts and pictures it cannot use stay on the page. */
export function bodyOf(draft: Draft, able: Abilities, variation = 0): CreateBody {
  const body: Record<string, unknown> = { prompt: draft.prompt };
  if (draft.model) body.model = draft.model;
  body.seconds = String(draft.seconds ?? able.seconds_default);
  body.size = draft.size ?? able.size_default;
  if (able.seed && /^\d+$/.test(draft.seed)) body.seed = Number(draft.seed) + variation;
  if (able.negative_prompt && draft.negative.trim()) body.negative_prompt = draft.negative.trim();
  if (able.audio_switch && draft.audio !== null) body.audio = draft.audio;
  if (able.watermark && draft.watermark !== null) body.watermark = draft.watermark;
  const files = (slot: Slot) =>
    draft.pictures[slot]
      .filter((one) => one.fileId !== null || one.url !== null)
      .slice(0, room(able, slot))
      .map((one) => (one.fileId !== null ? { file_id: one.fileId } : { image_url: one.url as string }));
  const [first] = files("first_frame");
  const [last] = files("last_frame");
  const references = files("reference");
  if (first) body.first_frame = first;
  if (last) body.last_frame = last;
  if (references.length > 0) body.references = references;
  const cast = meant(draft.prompt, draft.cast).slice(0, able.characters);
  if (cast.length > 0) body.characters = cast.map(({ id }) => ({ id }));
  return body as CreateBody;
}
