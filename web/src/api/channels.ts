import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type Channel = Answer<"/api/admin/channels", "get">["data"][number];
export type NewChannel = Body<"/api/admin/channels", "post">;
export type ChangedChannel = Body<"/api/admin/channels/{channel_id}", "patch">;
export type Dialect = Answer<"/api/admin/dialects", "get">["data"][number];
export type Trial = Answer<"/api/admin/channels/{channel_id}/test", "post">;

export const channelKeys = { all: ["channels"] as const, dialects: ["dialects"] as const };

export const allChannels = queryOptions({
  queryKey: channelKeys.all,
  refetchInterval: 10_000,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/channels", { signal }))).data,
});

export const allDialects = queryOptions({
  queryKey: channelKeys.dialects,
  staleTime: 300_000,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/dialects", { signal }))).data,
});

const at = (id: string) => ({ params: { path: { channel_id: id } } });

export async function makeChannel(body: NewChannel): Promise<Channel> {
  return answer(api.POST("/api/admin/channels", { body }));
}

export async function changeChannel(id: string, body: ChangedChannel): Promise<Channel> {
  return answer(api.PATCH("/api/admin/channels/{channel_id}", { ...at(id), body }));
}

export type Word = "drain" | "pause" | "resume";

export async function turnChannel(id: string, word: Word): Promise<void> {
  await answer(api.POST(`/api/admin/channels/{channel_id}/${word}`, at(id)));
}

export async function deleteChannel(id: string): Promise<void> {
  await answer(api.DELETE("/api/admin/channels/{channel_id}", at(id)));
}

/** Tries a channel with calls that cost nothing. */
export async function tryChannel(id: string): Promise<Trial> {
  return answer(api.POST("/api/admin/channels/{channel_id}/test", at(id)));
}
