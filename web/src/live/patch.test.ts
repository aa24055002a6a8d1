import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import type { Answer, Video } from "@/api/types";
import { PAGE, videoKeys } from "@/api/videos";
import { videoOf } from "@/testing/samples";
import type { LiveEvent } from "./connection";
import { applyEvents, gathered } from "./patch";

type Page = Answer<"/v1/videos", "get">;

function event(type: LiveEvent["type"], data: Partial<LiveEvent["data"]>): LiveEvent {
  return {
    id: "evt_1",
    type,
    created_at: 1,
    sequence: 1,
    data: { id: "video_1", status: null, progress: null, error_code: null, ...data },
  };
}

function shown(videos: Video[]): QueryClient {
  const client = new QueryClient();
  const page: Page = { object: "list", data: videos, first_id: null, last_id: null, has_more: false };
  client.setQueryData(videoKeys.list(PAGE), { pages: [page], pageParams: [undefined] });
  return client;
}

function listed(client: QueryClient): Video[] {
  return client.getQueryData<InfiniteData<Page>>(videoKeys.list(PAGE))?.pages[0]?.data ?? [];
}

// Row 002-16.
test("progress is written into the list without asking again", () => {
  const client = shown([videoOf({ status: "in_progress", progress: 10 })]);
  const asked = vi.spyOn(client, "invalidateQueries");

  applyEvents(client, [event("video.progress", { status: "in_progress", progress: 42 })]);

  expect(listed(client)[0]?.progress).toBe(42);
  expect(asked).not.toHaveBeenCalled();
});

test("progress never goes back", () => {
  const client = shown([videoOf({ status: "in_progress", progress: 60 })]);

  applyEvents(client, [event("video.progress", { status: "in_progress", progress: 20 })]);

  expect(listed(client)[0]?.progress).toBe(60);
});

test("an ending has the lists fetched again", () => {
  const client = shown([videoOf({ status: "in_progress" })]);
  const asked = vi.spyOn(client, "invalidateQueries");

  applyEvents(client, [event("video.completed", { status: "completed", progress: 100 })]);

  expect(listed(client)[0]?.status).toBe("completed");
  expect(asked).toHaveBeenCalledWith({ queryKey: ["videos", "list"] });
});

// Row 001-37.
test("a task made elsewhere has the lists fetched again", () => {
  const client = shown([]);
  const asked = vi.spyOn(client, "invalidateQueries");

  applyEvents(client, [event("video.queued", { id: "video_2", status: "queued" })]);

  expect(asked).toHaveBeenCalled();
});

test("two hundred events in a moment are applied at once", async () => {
  const batches: number[] = [];
  const take = gathered((events) => batches.push(events.length), 5);

  for (let n = 0; n < 200; n += 1) take([event("video.progress", { progress: n % 100 })]);
  await vi.waitFor(() => expect(batches).toHaveLength(1), { timeout: 30_000 });

  expect(batches).toEqual([200]);
});
