import type { OperatedModel } from "@/api/operated";

type Video = OperatedModel["video"];

/** The range or the values something may have, as few characters as say it. */
export function spanned(allowed: Video["seconds"] | Video["sizes"]): { list: string } | { min: number; max: number } | null {
  if (allowed === null) return null;
  if (Array.isArray(allowed)) return allowed.length === 0 ? null : { list: allowed.join(", ") };
  return { min: allowed.min, max: allowed.max };
}

/** Whether a model has what somebody typed in its name, its title or a channel's name. */
export function matches(model: OperatedModel, typed: string): boolean {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return true;
  const said = [model.id, model.video.title, model.owned_by, model.alias_of ?? "", ...model.channels];
  return said.some((text) => text.toLowerCase().includes(wanted));
}

/** The channel's side of a model's price: nothing where nobody knows it. */
export function isFree(price: NonNullable<Video["price"]>): boolean {
  return Number(price.per_second) === 0 && Number(price.per_clip) === 0;
}
