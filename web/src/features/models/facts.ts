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

const LACKS = ["audio", "seed", "negative_prompt", "watermark", "private"] as const;
const VERBS = ["create", "remix", "edit", "extend"] as const;
const ROLES = ["first_frame", "last_frame", "reference", "source_video", "audio"] as const;

/** Where the catalogue has the word for something a model cannot do; null for what is said as it is, such as a size. */
export function lackWord(lack: string) {
  if (lack.startsWith("generation")) return "lack.generation" as const;
  const role = ROLES.find((one) => lack === `input ${one}`);
  if (role) return `roles.${role}` as const;
  const verb = VERBS.find((one) => one === lack);
  if (verb) return `verbs.${verb}` as const;
  const plain = LACKS.find((one) => one === lack);
  return plain ? (`lack.${plain}` as const) : null;
}
