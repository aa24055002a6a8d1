import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, api, ask } from "./client";
import type { CreateBody, Looked, Video } from "./types";

export const videoKeys = {
  all: ["videos"] as const,
  lists: ["videos", "list"] as const,
  list: (limit: number) => ["videos", "list", limit] as const,
  one: (id: string) => ["videos", "one", id] as const,
  fixed: (id: string) => ["videos", "fixed", id] as const,
};

export const PAGE = 24;

/** The newest videos, page by page. */
export const newestVideos = infiniteQueryOptions({
  queryKey: videoKeys.list(PAGE),
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) =>
    answer(api.GET("/v1/videos", { params: { query: { limit: String(PAGE), after: pageParam } }, signal })),
  getNextPageParam: (last) => (last.has_more ? (last.last_id ?? undefined) : undefined),
});

export const oneVideo = (id: string) =>
  queryOptions({
    queryKey: videoKeys.one(id),
    queryFn: ({ signal }) => answer(api.GET("/v1/videos/{video_id}", { params: { path: { video_id: id } }, signal })),
  });

/** What a finished video was asked to be in the end. */
export const fixedRequest = (id: string) =>
  queryOptions({
    queryKey: videoKeys.fixed(id),
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => answer(api.GET("/v1/videos/{video_id}/effective", { params: { path: { video_id: id } }, signal })),
  });

/** Creates a video. The key makes a second sending of the same wish harmless. */
export async function createVideo(body: CreateBody, key: string): Promise<Video> {
  const made = await answer(api.POST("/v1/videos", { body, headers: { "Idempotency-Key": key } }));
  return made as Video;
}

/** Says what a create would come to; nothing is made or paid. */
export async function lookAtCreate(body: CreateBody, signal: AbortSignal): Promise<Looked> {
  const looked = await answer(api.POST("/v1/videos", { params: { query: { dry_run: "true" } }, body, signal }));
  return looked as Looked;
}

/** Deletes a video; one that still runs is cancelled. */
export async function deleteVideo(id: string): Promise<void> {
  await answer(api.DELETE("/v1/videos/{video_id}", { params: { path: { video_id: id } } }));
}

export type Variant = "video" | "thumbnail" | "spritesheet";

/** The address of a clip or of one of its pictures; the sign-in cookie opens it. */
export function contentUrl(id: string, variant: Variant = "video", download = false): string {
  const query = new URLSearchParams();
  if (variant !== "video") query.set("variant", variant);
  if (download) query.set("download", "true");
  const text = query.toString();
  return `/v1/videos/${encodeURIComponent(id)}/content${text ? `?${text}` : ""}`;
}

export type Kept = { id: string; filename: string; bytes: number };

/** Keeps a picture on the server, to be named in any number of requests. */
export async function keepPicture(file: Blob, name: string): Promise<Kept> {
  const form = new FormData();
  form.append("purpose", "vision");
  form.append("file", file, name);
  return ask<Kept>("POST", "/v1/files", form);
}

export function pictureUrl(fileId: string): string {
  return `/v1/files/${encodeURIComponent(fileId)}/content`;
}
