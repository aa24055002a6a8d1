import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type ShareWish = Body<"/api/library/items/{item_id}/shares", "post">;
export type Share = Answer<"/api/library/items/{item_id}/shares", "post">;
export type Shared = Answer<"/api/library/shared/{token}", "get">;

const at = (id: string) => ({ params: { path: { item_id: id } } });
const behind = (token: string) => ({ params: { path: { token } } });

export const sharesOf = (id: string) =>
  queryOptions({
    queryKey: ["shares", id] as const,
    queryFn: async ({ signal }) => (await answer(api.GET("/api/library/items/{item_id}/shares", { ...at(id), signal }))).data,
  });

export function makeShare(id: string, wish: ShareWish): Promise<Share> {
  return answer(api.POST("/api/library/items/{item_id}/shares", { ...at(id), body: wish }));
}

export async function endShare(id: string, share: string): Promise<void> {
  const path = { item_id: id, share_id: share };
  await answer(api.DELETE("/api/library/items/{item_id}/shares/{share_id}", { params: { path } }));
}

/** What a link shows to anybody who has it. */
export function lookAtShare(token: string): Promise<Shared> {
  return answer(api.GET("/api/library/shared/{token}", behind(token)));
}

export function enterShare(token: string, password: string): Promise<Shared> {
  return answer(api.POST("/api/library/shared/{token}", { ...behind(token), body: { password } }));
}
