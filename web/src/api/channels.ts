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

export type ChannelKey = Channel["keys"][number];
export type Callbacks = Answer<"/api/admin/channels/{channel_id}/callbacks", "get">;

const keyAt = (id: string, key: string) => ({ params: { path: { channel_id: id, key_id: key } } });

/** Gives a channel one more key; its secret is sealed and never shown. */
export async function addKey(id: string, name: string, secret: string): Promise<ChannelKey> {
  return answer(api.POST("/api/admin/channels/{channel_id}/keys", { ...at(id), body: { name, secret } }));
}

export async function changeKey(
  id: string,
  key: string,
  body: Body<"/api/admin/channels/{channel_id}/keys/{key_id}", "patch">,
): Promise<ChannelKey> {
  return answer(api.PATCH("/api/admin/channels/{channel_id}/keys/{key_id}", { ...keyAt(id, key), body }));
}

/** Wipes a key; with `force` although unfinished tasks were sent with it. */
export async function wipeKey(id: string, key: string, force: boolean): Promise<void> {
  const query = force ? { force: "true" } : {};
  const where = { params: { path: { channel_id: id, key_id: key }, query } };
  await answer(api.DELETE("/api/admin/channels/{channel_id}/keys/{key_id}", where));
}

export const callbacksOf = (id: string) =>
  queryOptions({
    queryKey: [...channelKeys.all, id, "callbacks"] as const,
    queryFn: ({ signal }) => answer(api.GET("/api/admin/channels/{channel_id}/callbacks", { ...at(id), signal })),
  });

/** Keeps what a channel's callbacks are signed with; null checks signatures no more. */
export async function signWith(id: string, secret: string | null): Promise<Callbacks> {
  return answer(api.PUT("/api/admin/channels/{channel_id}/callbacks", { ...at(id), body: { secret } }));
}
