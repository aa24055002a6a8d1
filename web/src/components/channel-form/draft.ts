import type { Channel, Dialect } from "@/api/channels";
import { linesOf, modelsOf } from "./settings";

export type Price = { per_second: string; per_clip: string };

/** A channel while somebody fills it in. */
export type Draft = {
  name: string;
  dialect: string;
  base_url: string;
  secret: string;
  models: string;
  concurrency: number;
  self_hosted: boolean;
  priority: number;
  weight: number;
  poll_policy: string;
  poll_seconds: number | null;
  prices: Record<string, Price>;
  settings: Record<string, unknown>;
};

export function begin(channel: Channel | null): Draft {
  const prices = Object.entries(channel?.prices ?? {}).map(([model, price]) => [
    model,
    { per_second: price.per_second ?? "", per_clip: price.per_clip ?? "" },
  ]);
  return {
    name: channel?.name ?? "",
    dialect: channel?.dialect ?? "",
    base_url: channel?.base_url ?? "",
    secret: "",
    models: channel ? linesOf(channel.models) : "",
    concurrency: channel?.concurrency ?? 4,
    self_hosted: channel?.self_hosted ?? false,
    priority: channel?.priority ?? 0,
    weight: channel?.weight ?? 1,
    poll_policy: channel?.poll_policy ?? "",
    poll_seconds: channel?.poll_seconds ?? null,
    prices: Object.fromEntries(prices),
    settings: { ...(channel?.settings ?? {}) },
  };
}

/** The models of a dialect that still live, one a line. */
export function suggested(dialect: Dialect): string {
  const living = dialect.models.filter((one) => one.sunset?.state !== "ended");
  return living.map((one) => one.name).join("\n");
}

/** What is sent of a draft, on making a channel and on changing one alike. */
export function bodyOf(draft: Draft) {
  const models = modelsOf(draft.models);
  const settings = Object.fromEntries(Object.entries(draft.settings).filter(([, value]) => value !== undefined && value !== ""));
  const prices = Object.fromEntries(
    Object.entries(draft.prices)
      .filter(([model, price]) => model in models && (price.per_second.trim() || price.per_clip.trim()))
      .map(([model, price]) => [model, { per_second: price.per_second.trim() || null, per_clip: price.per_clip.trim() || null }]),
  );
  return {
    name: draft.name.trim(),
    base_url: draft.base_url.trim(),
    models,
    concurrency: draft.concurrency,
    self_hosted: draft.self_hosted,
    priority: draft.priority,
    weight: draft.weight,
    poll_policy: draft.poll_policy.trim() || null,
    poll_seconds: draft.poll_seconds,
    prices,
    // The generated type of an open object allows nothing in it.
    settings: settings as Record<string, never>,
    ...(draft.secret.trim() === "" ? {} : { secret: draft.secret.trim() }),
  };
}
