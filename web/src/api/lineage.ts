import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import { libraryKeys } from "./library";
import type { Answer } from "./types";

export type Graph = Answer<"/api/library/items/{item_id}/lineage", "get">;
export type Step = Graph["edges"][number];
export type Picture = Answer<"/api/library/items/{item_id}/last_frame", "post">;

const at = (id: string) => ({ params: { path: { item_id: id } } });

/** What an item comes from and what came of it. */
export const lineageOf = (id: string) =>
  queryOptions({
    queryKey: [...libraryKeys.live, "lineage", id] as const,
    queryFn: ({ signal }) => answer(api.GET("/api/library/items/{item_id}/lineage", { ...at(id), signal })),
  });

/** Keeps the last frame of a clip, to go on from. */
export function keepLastFrame(id: string): Promise<Picture> {
  return answer(api.POST("/api/library/items/{item_id}/last_frame", at(id)));
}

/** Keeps what a clip was made from, to be named in a new request. */
export async function keepInputs(id: string): Promise<Picture[]> {
  return (await answer(api.POST("/api/library/items/{item_id}/reuse", at(id)))).data;
}

/** Has many items packed; gives the address of the parcel. */
export async function packed(ids: string[]): Promise<string> {
  return (await answer(api.POST("/api/library/zip", { body: { ids } }))).url;
}
