import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Answer, Video } from "@/api/types";
import { videoKeys } from "@/api/videos";
import type { LiveEvent } from "./connection";

type Page = Answer<"/v1/videos", "get">;

/** Events that say more than a number: what they are about is fetched again. */
const QUIET = new Set<LiveEvent["type"]>(["video.progress", "video.running", "video.submitting", "video.queued"]);

/** Keys of queries that hold tasks in some form; any of them may have changed. */
export const LISTS_OF_TASKS: readonly (readonly string[])[] = [videoKeys.lists, ["library"], ["queue"]];

function patched(video: Video, event: LiveEvent): Video {
  const status = (event.data.status as Video["status"] | null) ?? video.status;
  const progress = Math.max(video.progress, event.data.progress ?? 0);
  return status === video.status && progress === video.progress ? video : { ...video, status, progress };
}

function patchedPages(data: InfiniteData<Page> | undefined, byId: Map<string, LiveEvent>): InfiniteData<Page> | undefined {
  if (!data) return data;
  let changed = false;
  const pages = data.pages.map((page) => {
    let touched = false;
    const items = page.data.map((video) => {
      const event = byId.get(video.id);
      const next = event ? patched(video, event) : video;
      if (next !== video) touched = true;
      return next;
    });
    changed ||= touched;
    return touched ? { ...page, data: items } : page;
  });
  return changed ? { ...data, pages } : data;
}

/**
 * Puts what was told into what is shown. Numbers are written in place; an ending, or a task nobody knew,
 * has its lists fetched again.
 */
export function applyEvents(client: QueryClient, events: LiveEvent[]): void {
  const newest = new Map<string, LiveEvent>();
  for (const event of events) newest.set(event.data.id, event);
  client.setQueriesData<InfiniteData<Page>>({ queryKey: videoKeys.lists }, (data) => patchedPages(data, newest));
  for (const [id, event] of newest) {
    client.setQueryData<Video>(videoKeys.one(id), (video) => (video ? patched(video, event) : video));
  }
  const loud = events.filter((event) => !QUIET.has(event.type));
  for (const event of loud) void client.invalidateQueries({ queryKey: videoKeys.one(event.data.id) });
  const shown = client.getQueriesData<InfiniteData<Page>>({ queryKey: videoKeys.lists });
  const ids = new Set(shown.flatMap(([, data]) => data?.pages.flatMap((page) => page.data.map((video) => video.id)) ?? []));
  const newcomer = events.some((event) => event.type === "video.queued" && !ids.has(event.data.id));
  if (loud.length > 0 || newcomer) refreshTasks(client);
}

/** Has every list of tasks fetched again. */
export function refreshTasks(client: QueryClient): void {
  for (const queryKey of LISTS_OF_TASKS) void client.invalidateQueries({ queryKey: [...queryKey] });
}

const GATHER_MS = 120;

/** Gathers events for a moment, so that two hundred a second cost as little as eight. */
export function gathered(apply: (events: LiveEvent[]) => void, wait = GATHER_MS): (events: LiveEvent[]) => void {
  let held: LiveEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (events) => {
    held.push(...events);
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      const now = held;
      held = [];
      timer = undefined;
      apply(now);
    }, wait);
  };
}
