import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { editVideo, extendVideo, remixVideo } from "@/api/changes";
import type { Answer, CreateBody, Video } from "@/api/types";
import { createVideo, videoKeys } from "@/api/videos";
import { asFailure, type Failure } from "@/lib/failure";
import { freshKey } from "@/lib/ids";
import type { Source } from "./draft";

/** A wish on its way: its tile stands from the moment it was made. */
export type Wish = {
  key: string;
  body: CreateBody;
  source: Source | null;
  size: string;
  sinceMs: number;
  reference: string | null;
  failure: Failure | null;
};

type Page = Answer<"/v1/videos", "get">;

function putFirst(client: QueryClient, video: Video): void {
  client.setQueriesData<InfiniteData<Page>>({ queryKey: videoKeys.lists }, (data) => {
    const [first, ...rest] = data?.pages ?? [];
    if (!data || !first || first.data.some((one) => one.id === video.id)) return data;
    return { ...data, pages: [{ ...first, data: [video, ...first.data] }, ...rest] };
  });
}

function send(wish: Wish): Promise<Video> {
  if (wish.source?.verb === "remix") return remixVideo(wish.source.id, wish.body, wish.key);
  if (wish.source?.verb === "edit") return editVideo(wish.source.id, wish.body, wish.key);
  if (wish.source?.verb === "extend") return extendVideo(wish.source.id, wish.body, wish.key);
  return createVideo(wish.body, wish.key);
}

/** Sends wishes without holding anybody up; one that was refused stays, with its reason. */
export function useWishes() {
  const client = useQueryClient();
  const [wishes, setWishes] = useState<Wish[]>([]);
  const go = useCallback(
    async (wish: Wish) => {
      setWishes((all) => [{ ...wish, failure: null }, ...all.filter((one) => one.key !== wish.key)]);
      try {
        const video = await send(wish);
        putFirst(client, video);
        setWishes((all) => all.filter((one) => one.key !== wish.key));
      } catch (thrown) {
        const failure = asFailure(thrown);
        setWishes((all) => all.map((one) => (one.key === wish.key ? { ...one, failure } : one)));
      }
    },
    [client],
  );
  const make = useCallback(
    (parts: Omit<Wish, "key" | "sinceMs" | "failure">) =>
      void go({ ...parts, key: freshKey(), sinceMs: Date.now(), failure: null }),
    [go],
  );
  const forget = useCallback((key: string) => setWishes((all) => all.filter((one) => one.key !== key)), []);
  return { wishes, make, again: go, forget };
}
