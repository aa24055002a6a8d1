import { queryOptions } from "@tanstack/react-query";
import type { Charge } from "@/lib/failure";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type Page = Answer<"/api/library/items", "get">;
export type Item = Page["data"][number];
export type Detail = Answer<"/api/library/items/{item_id}", "get">;
export type Facets = Answer<"/api/library/facets", "get">;
export type Folder = Answer<"/api/library/folders", "get">["data"][number];
export type TagCount = Answer<"/api/library/tags", "get">["data"][number];
export type Change = Body<"/api/library/items/{item_id}", "patch">;
export type Bulk = Body<"/api/library/bulk", "post">;
export type BulkDone = Answer<"/api/library/bulk", "post">;

/** What became of the money, as far as the books say more than the kind of failure does. */
export function chargeOf(item: Pick<Item, "cost" | "error">, disputed = false): Charge | null {
  if (!item.error) return null;
  const { charge } = item.error;
  if (charge !== "possible" || !item.cost) return charge;
  if (Number(item.cost.quoted) === 0) return "none";
  if (disputed || item.cost.held !== null) return "held";
  return item.cost.charged !== null && Number(item.cost.charged) === 0 ? "released" : charge;
}

/** Filters as the server reads them; what is left out does not filter. */
export type Wanted = { [name in (typeof FILTERS)[number]]?: string };

export const FILTERS = [
  "q",
  "kind",
  "status",
  "model",
  "channel",
  "aspect",
  "favourite",
  "rating",
  "folder",
  "tag",
  "created_from",
  "created_to",
  "seconds_from",
  "seconds_to",
  "cost_from",
  "cost_to",
  "trashed",
] as const;

export const libraryKeys = {
  /** Everything under this is asked again when a task has changed. */
  live: ["library"] as const,
  head: (wanted: object) => ["library", "head", wanted] as const,
  item: (id: string) => ["library", "item", id] as const,
  lists: ["library-list"] as const,
  list: (wanted: object) => ["library-list", wanted] as const,
  facets: (wanted: object) => ["library-facets", wanted] as const,
  folders: ["library-folders"] as const,
  tags: ["library-tags"] as const,
};

export const PAGE = 100;

export type Order = { sort?: string; order?: string };

export async function pageOf(wanted: Wanted & Order, after: string | undefined, signal?: AbortSignal): Promise<Page> {
  const query = { ...wanted, limit: String(PAGE), after };
  return answer(api.GET("/api/library/items", { params: { query }, signal }));
}

export const facetsOf = (wanted: Wanted) =>
  queryOptions({
    queryKey: libraryKeys.facets(wanted),
    staleTime: 10_000,
    queryFn: ({ signal }) => answer(api.GET("/api/library/facets", { params: { query: wanted }, signal })),
  });

export const oneItem = (id: string) =>
  queryOptions({
    queryKey: libraryKeys.item(id),
    queryFn: ({ signal }) => answer(api.GET("/api/library/items/{item_id}", { params: { path: { item_id: id } }, signal })),
  });

export const allFolders = queryOptions({
  queryKey: libraryKeys.folders,
  staleTime: 30_000,
  queryFn: async ({ signal }): Promise<Folder[]> => (await answer(api.GET("/api/library/folders", { signal }))).data,
});

export const allTags = queryOptions({
  queryKey: libraryKeys.tags,
  staleTime: 30_000,
  queryFn: async ({ signal }): Promise<TagCount[]> => (await answer(api.GET("/api/library/tags", { signal }))).data,
});

export async function changeItem(id: string, change: Change): Promise<Detail> {
  return answer(api.PATCH("/api/library/items/{item_id}", { params: { path: { item_id: id } }, body: change }));
}

export async function doToMany(wish: Bulk): Promise<BulkDone> {
  return answer(api.POST("/api/library/bulk", { body: wish }));
}

export async function makeFolder(name: string): Promise<Folder> {
  return answer(api.POST("/api/library/folders", { body: { name } }));
}

export async function renameFolder(id: string, name: string): Promise<Folder> {
  return answer(api.PATCH("/api/library/folders/{folder_id}", { params: { path: { folder_id: id } }, body: { name } }));
}

export async function removeFolder(id: string): Promise<void> {
  await answer(api.DELETE("/api/library/folders/{folder_id}", { params: { path: { folder_id: id } } }));
}

/** Throws everything away; the server wants the project's name typed. */
export async function trashAll(confirm: string): Promise<number> {
  return (await answer(api.POST("/api/library/trash/all", { body: { confirm } }))).items;
}

/** Deletes for good what is in the trash; the server wants the project's name typed. */
export async function emptyTrash(confirm: string): Promise<number> {
  return (await answer(api.POST("/api/library/trash/empty", { body: { confirm } }))).items;
}

export async function renameTag(id: string, name: string): Promise<void> {
  await answer(api.PATCH("/api/library/tags/{tag_id}", { params: { path: { tag_id: id } }, body: { name } }));
}

/** Takes a tag off every item and forgets it. */
export async function removeTag(id: string): Promise<void> {
  await answer(api.DELETE("/api/library/tags/{tag_id}", { params: { path: { tag_id: id } } }));
}

export async function makeProject(name: string): Promise<string> {
  return (await answer(api.POST("/api/account/projects", { body: { name } }))).data.id;
}

export async function renameProject(id: string, name: string): Promise<void> {
  await answer(api.PATCH("/api/account/projects/{project_id}", { params: { path: { project_id: id } }, body: { name } }));
}
