import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer } from "./types";

export type Operated = Answer<"/api/admin/models", "get">;
export type OperatedModel = Operated["data"][number];
export type Ending = Operated["endings"][number];
export type Alias = Answer<"/api/admin/aliases", "get">["data"][number];
export type Heir = Answer<"/api/admin/aliases/{name}/suggestions", "get">["heirs"][number];
export type Findings = Answer<"/api/admin/models/doctor", "post">;
export type Finding = Findings["channels"][number];

export const operatedKeys = {
  all: ["operated"] as const,
  models: ["operated", "models"] as const,
  aliases: ["operated", "aliases"] as const,
  heirs: (name: string) => ["operated", "heirs", name] as const,
};

/** Every model with the channels that serve it, and what ends. */
export const operatedModels = queryOptions({
  queryKey: operatedKeys.models,
  queryFn: ({ signal }) => answer(api.GET("/api/admin/models", { signal })),
});

export const allAliases = queryOptions({
  queryKey: operatedKeys.aliases,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/aliases", { signal }))).data,
});

/** What this installation has that can do what a name did. */
export const heirsOf = (name: string) =>
  queryOptions({
    queryKey: operatedKeys.heirs(name),
    enabled: name !== "",
    queryFn: async ({ signal }) =>
      (await answer(api.GET("/api/admin/aliases/{name}/suggestions", { params: { path: { name } }, signal }))).heirs,
  });

export async function putAlias(name: string, model: string): Promise<Alias> {
  return answer(api.PUT("/api/admin/aliases/{name}", { params: { path: { name } }, body: { model } }));
}

export async function removeAlias(name: string): Promise<void> {
  await answer(api.DELETE("/api/admin/aliases/{name}", { params: { path: { name } } }));
}

/** Compares the channels with what their upstreams list; only lists are read. */
export async function examine(learn: boolean): Promise<Findings> {
  return answer(api.POST("/api/admin/models/doctor", { body: { learn } }));
}
