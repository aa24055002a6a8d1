import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client";
import { type Item, libraryKeys } from "./library";

export type Step = {
  source: string;
  target: string;
  how: string;
  changed: { field: string; old: unknown; new: unknown }[];
};
export type Graph = { id: string; nodes: Item[]; edges: Step[]; cut: boolean };
export type ShareWish = { expires_at: number | null; password: string | null; hide_prompt: boolean };
export type Share = {
  id: string;
  item_id: string;
  has_password: boolean;
  hide_prompt: boolean;
  opened: number;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  /** Where it leads; told once, when it is made. */
  path?: string | null;
};
export type Shared = {
  locked: boolean;
  name?: string | null;
  prompt?: string | null;
  model?: string | null;
  width?: number | null;
  height?: number | null;
  video?: string | null;
  poster?: string | null;
};
type Picture = { file_id: string; role: string; media_type: string; url: string };

const at = (id: string, rest: string) => `/api/library/items/${encodeURIComponent(id)}/${rest}`;
const shared = (token: string) => `/api/library/shared/${encodeURIComponent(token)}`;

/** What an item comes from and what came of it. */
export const lineageOf = (id: string) =>
  queryOptions({
    queryKey: [...libraryKeys.live, "lineage", id] as const,
    queryFn: () => ask<Graph>("GET", at(id, "lineage")),
  });

/** Keeps the last frame of a clip, to go on from. */
export function keepLastFrame(id: string): Promise<Picture> {
  return ask("POST", at(id, "last_frame"), {});
}

/** Keeps what a clip was made from, to be named in a new request. */
export async function keepInputs(id: string): Promise<Picture[]> {
  return (await ask<{ data: Picture[] }>("POST", at(id, "reuse"), {})).data;
}

export const sharesOf = (id: string) =>
  queryOptions({
    queryKey: ["shares", id] as const,
    queryFn: async () => (await ask<{ data: Share[] }>("GET", at(id, "shares"))).data,
  });

export function makeShare(id: string, wish: ShareWish): Promise<Share> {
  return ask("POST", at(id, "shares"), wish);
}

export function endShare(id: string, share: string): Promise<unknown> {
  return ask("DELETE", at(id, `shares/${encodeURIComponent(share)}`));
}

/** What a link shows to anybody who has it. */
export function lookAtShare(token: string): Promise<Shared> {
  return ask("GET", shared(token));
}

export function enterShare(token: string, password: string): Promise<Shared> {
  return ask("POST", shared(token), { password });
}

/** Has many items packed; gives the address of the parcel. */
export async function packed(ids: string[]): Promise<string> {
  return (await ask<{ url: string }>("POST", "/api/library/zip", { ids })).url;
}
