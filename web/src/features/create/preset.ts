import type { Model } from "@/api/types";
import { meant } from "./cast";
import type { Draft, Named } from "./draft";
import { EMPTY } from "./draft";

type Body = Record<string, unknown>;

/** What a preset keeps, under the names the API has for it. Pictures belong to one wish and stay out. */
export function presetOf(draft: Draft, model: Model, withPrompt: boolean): Body {
  const able = model.video;
  const body: Body = { model: model.id, variations: draft.variations };
  if (withPrompt && draft.prompt.trim()) {
    body.prompt = draft.prompt;
    const cast = meant(draft.prompt, draft.cast);
    if (cast.length > 0) body.characters = cast;
  }
  body.seconds = draft.seconds ?? able.seconds_default;
  body.size = draft.size ?? able.size_default;
  if (/^\d+$/.test(draft.seed)) body.seed = Number(draft.seed);
  if (draft.negative.trim()) body.negative_prompt = draft.negative.trim();
  if (draft.audio !== null) body.audio = draft.audio;
  if (draft.watermark !== null) body.watermark = draft.watermark;
  return body;
}

const textOf = (value: unknown) => (typeof value === "string" ? value : null);
const numberOf = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const flagOf = (value: unknown) => (typeof value === "boolean" ? value : null);

/** Reads a preset; it may be somebody else's, so whatever is not as it should be is left out. */
export function draftOf(body: Body): Partial<Draft> {
  const size = textOf(body.size);
  const seed = numberOf(body.seed);
  const part: Partial<Draft> = {
    model: textOf(body.model),
    seconds: numberOf(body.seconds),
    size: size !== null && /^\d+x\d+$/.test(size) ? size : null,
    seed: seed !== null && seed >= 0 ? String(Math.trunc(seed)) : "",
    negative: textOf(body.negative_prompt) ?? "",
    audio: flagOf(body.audio),
    watermark: flagOf(body.watermark),
    variations: [1, 2, 3, 4].find((count) => count === body.variations) ?? EMPTY.variations,
  };
  const prompt = textOf(body.prompt);
  if (prompt === null) return part;
  return { ...part, prompt, cast: castOf(body.characters) };
}

function castOf(value: unknown): Named[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    const { id, name } = (one ?? {}) as { id?: unknown; name?: unknown };
    return typeof id === "string" && typeof name === "string" && name ? [{ id, name }] : [];
  });
}
