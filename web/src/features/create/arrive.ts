import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { type Detail, oneItem } from "@/api/library";
import { keepInputs } from "@/api/lineage";
import { pictureUrl } from "@/api/videos";
import { asFailure } from "@/lib/failure";
import { freshKey } from "@/lib/ids";
import { readArrival, type Way } from "./arrival";
import { meant, withNamed } from "./cast";
import { type Draft, EMPTY, type Named, type Picture, type Source } from "./draft";
import { SLOTS, type Slot } from "./fit";
import type { Change } from "./state";

/** Puts into the composer what an address brought along, once, and takes it off the address. */
export function useArrival(change: Change): void {
  const { from, as = "reuse", file, who } = readArrival(useSearch({ strict: false }) as Record<string, unknown>);
  const client = useQueryClient();
  const navigate = useNavigate();
  const done = useRef("");
  useEffect(() => {
    const key = `${from ?? ""} ${as} ${file ?? ""} ${who ?? ""}`;
    if ((!from && !file && !who) || done.current === key) return;
    done.current = key;
    const begin = async (): Promise<Parameters<Change>[0]> => {
      if (who) return named(await client.fetchQuery(oneItem(who)));
      if (!from) return framed(file ?? "");
      const [first = "", ...others] = from.split(",");
      const item = await client.fetchQuery(oneItem(first));
      return as === "frame" ? { ...framed(file ?? ""), size: askedSize(item) } : restored(item, as, others);
    };
    begin()
      .then(change, (thrown: unknown) => notifications.show({ color: "red", message: asFailure(thrown).message }))
      .finally(() => void navigate({ to: "/", search: {} as never, replace: true }));
  }, [from, as, file, who, client, navigate, change]);
}

/** A frame to go on from: what was typed stays. */
function framed(file: string): Partial<Draft> {
  if (!file) return {};
  return { source: null, pictures: { ...EMPTY.pictures, first_frame: [pictureOf(file, "frame.png")] } };
}

function pictureOf(fileId: string, name: string): Picture {
  return { key: freshKey(), fileId, url: null, name, preview: pictureUrl(fileId), failed: null };
}

type Told = Record<string, unknown>;

function askedSize(item: Detail): string | null {
  const size = ((item.request ?? {}) as Told).size;
  return typeof size === "string" && /^\d+x\d+$/.test(size) ? size : item.size;
}

/** A character to be in the clip: named behind what was typed. */
function named(item: Detail): (draft: Draft) => Partial<Draft> {
  const one = { id: item.id, name: item.name ?? item.id };
  return (draft) => {
    const cast = withNamed(draft.cast, one);
    if (meant(draft.prompt, cast).some(({ id }) => id === one.id)) return { cast };
    const before = draft.prompt.trimEnd();
    return { cast, prompt: `${before}${before ? " " : ""}@${one.name} ` };
  };
}

/** Everything that made a clip: prompt, model, settings, seed, pictures and characters. */
export async function restored(item: Detail, as: Exclude<Way, "frame">, others: string[] = []): Promise<Partial<Draft>> {
  const asked = (item.request ?? {}) as Told;
  const made = (item.effective ?? {}) as Told;
  const number = (value: unknown) => (typeof value === "number" ? value : null);
  const flag = (value: unknown) => (typeof value === "boolean" ? value : null);
  const seed = number(asked.seed) ?? number(made.seed);
  const source: Source | null = as === "reuse" ? null : { id: item.id, verb: as, others };
  return {
    prompt: as === "extend" ? "" : (item.prompt ?? ""),
    model: item.model,
    seconds: number(asked.seconds) ?? number(made.seconds),
    size: askedSize(item),
    seed: seed === null ? "" : String(seed),
    negative: typeof asked.negative_prompt === "string" ? asked.negative_prompt : "",
    audio: flag(asked.audio),
    watermark: flag(asked.watermark),
    pictures: as === "reuse" ? await picturesOf(item) : EMPTY.pictures,
    // A remix has the characters of its parent already.
    cast: as === "reuse" ? castOf(item) : [],
    source,
  };
}

function castOf(item: Detail): Named[] {
  let cast: Named[] = [];
  for (const { character_id: id, character_name: name } of item.inputs) if (id && name) cast = withNamed(cast, { id, name });
  return cast;
}

/** The pictures a clip was made from, kept again so that they can be named in a new request. */
async function picturesOf(item: Detail): Promise<Draft["pictures"]> {
  const pictures: Draft["pictures"] = { first_frame: [], last_frame: [], reference: [] };
  if (item.inputs.every((one) => one.character_id !== null)) return pictures;
  for (const kept of await keepInputs(item.id)) {
    const place: Slot | undefined = SLOTS.find((one) => one === kept.role);
    if (!place || !kept.media_type.startsWith("image/")) continue;
    pictures[place].push(pictureOf(kept.file_id, kept.role));
  }
  return pictures;
}
