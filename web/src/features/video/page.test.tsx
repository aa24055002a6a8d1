import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Detail } from "@/api/library";
import { detailOf } from "@/testing/items";
import { showAt } from "@/testing/render";
import { serve } from "@/testing/server";
import { VideoPage } from "./page";
import { placed } from "./tree";

function video(item: Detail, more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === `/api/library/items/${item.id}`) return { body: item };
    return undefined;
  });
}

const here = (id: string) => showAt(VideoPage, "/videos/$id", `/videos/${id}`);

// Row 002-16.
test("a finished clip plays, and its recipe stands beside it as text", async () => {
  const prompt = "<script>alert(1)</script> a fox";
  video(detailOf({ id: "video_1", prompt }));
  here("video_1");

  expect((await screen.findAllByText(prompt)).length).toBeGreaterThan(0);
  expect(document.querySelector("video")?.getAttribute("src")).toBe("/v1/videos/video_1/content");
  expect(document.querySelector("script")).toBeNull();
});

test("using it leads to Create with the clip named", async () => {
  video(detailOf({ id: "video_1" }));
  const { router } = here("video_1");

  fireEvent.click(await screen.findByRole("button", { name: "Use this" }));

  await waitFor(() => expect(router.state.location.search).toMatchObject({ from: "video_1", as: "reuse" }));
});

test("the last frame is kept and leads to a new clip", async () => {
  video(detailOf({ id: "video_1" }), ({ path }) =>
    path === "/api/library/items/video_1/last_frame"
      ? { body: { file_id: "file_7", role: "first_frame", media_type: "image/png", url: "/v1/files/file_7/content" } }
      : undefined,
  );
  const { router } = here("video_1");

  fireEvent.click(await screen.findByRole("button", { name: "Last frame → new" }));

  await waitFor(() => expect(router.state.location.search).toMatchObject({ as: "frame", file: "file_7" }));
});

// Rows 002-16 and 004-13.
test("a failure says what happened, whose side, what it cost and what to do", async () => {
  const error = {
    code: "content_policy",
    message: "The provider refused the prompt.",
    param: "prompt",
    side: "caller" as const,
    charge: "released" as const,
    retryable: false,
    next_step: "Change the prompt.",
  };
  video(detailOf({ id: "video_1", status: "failed", media: {}, error }));
  here("video_1");

  expect(await screen.findByText("The provider refused the prompt.")).toBeTruthy();
  expect(screen.getByText(/The money held for it is free again/)).toBeTruthy();
  expect(screen.getByText("Change the prompt.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Change it and try again" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Try the same again" })).toBeNull();
});

test("a failure that may pass is tried again with one click", async () => {
  const error = {
    code: "overloaded",
    message: "The provider is full.",
    param: null,
    side: "upstream" as const,
    charge: "none" as const,
    retryable: true,
    next_step: "Try again.",
  };
  let sent: unknown;
  const failed = detailOf({ id: "video_1", status: "failed", media: {}, error, request: { seconds: 4, seed: 7 } as never });
  video(failed, ({ path, method, body }) => {
    if (path !== "/v1/videos" || method !== "POST") return undefined;
    sent = body;
    return { body: { id: "video_2" } };
  });
  const { router } = here("video_1");

  fireEvent.click(await screen.findByRole("button", { name: "Try the same again" }));

  await waitFor(() => expect(router.state.location.pathname).toBe("/videos/video_2"));
  expect(sent).toEqual({ prompt: "A lighthouse at dusk", model: "reel-1", seconds: "4", seed: 7 });
});

test("a clip that runs tells its time and no invented percentage", async () => {
  video(detailOf({ id: "video_1", status: "running", progress: null, media: {}, started_at: Date.now() }));
  here("video_1");

  expect(await screen.findByText("Rendering")).toBeTruthy();
  expect(screen.queryByText(/%/)).toBeNull();
});

test("a clip that is not there says so", async () => {
  video(detailOf({ id: "video_1" }));
  here("video_9");

  expect(await screen.findByText("There is no such clip")).toBeTruthy();
});

test("both ids and every attempt are shown to the owner", async () => {
  const attempt = {
    id: "att_1",
    number: 1,
    state: "refused" as const,
    upstream_id: null,
    provider: "kling",
    channel: "main",
    upstream_model: "k-1",
    error: null,
    created_at: 1_700_000_000_000,
    submitted_at: null,
    ended_at: null,
    polls: null,
  };
  video(detailOf({ id: "video_1", upstream_id: "up-77", attempts: [attempt] }));
  here("video_1");

  fireEvent.click(await screen.findByRole("tab", { name: "Attempts" }));

  expect(await screen.findByText("up-77")).toBeTruthy();
  expect(screen.getByText("video_1")).toBeTruthy();
  expect(screen.getByText("Refused")).toBeTruthy();
});

test("a link is made with a password and shown once", async () => {
  let wish: unknown;
  const share = {
    id: "shr_1",
    item_id: "video_1",
    has_password: true,
    hide_prompt: true,
    opened: 0,
    created_at: 0,
    revoked_at: null,
  };
  video(detailOf({ id: "video_1" }), ({ path, method, body }) => {
    if (path !== "/api/library/items/video_1/shares") return undefined;
    if (method === "GET") return { body: { data: [] } };
    wish = body;
    return { body: { ...share, expires_at: null, path: "/share/abc" } };
  });
  here("video_1");

  fireEvent.click(await screen.findByRole("tab", { name: "Share" }));
  await userEvent.type(await screen.findByLabelText("Password"), "tide");
  fireEvent.click(screen.getByLabelText("Hide the prompt"));
  fireEvent.click(screen.getByRole("button", { name: "Make a link" }));

  expect(await screen.findByText(/\/share\/abc$/)).toBeTruthy();
  expect(wish).toMatchObject({ password: "tide", hide_prompt: true });
});

// Rows 004-13 and 004-14.
test("a lineage stands below what it came from, and nothing stands over anything else", () => {
  const edges = [
    { source: "a", target: "b" },
    { source: "a", target: "c" },
    { source: "b", target: "d" },
    { source: "c", target: "d" },
  ];

  const at = placed(["a", "b", "c", "d"], edges);

  for (const { source, target } of edges) expect(at.get(target)?.y).toBeGreaterThan(at.get(source)?.y ?? 0);
  expect(new Set([...at.values()].map(({ x, y }) => `${x},${y}`)).size).toBe(4);
});

test("a circle in a lineage is drawn all the same", () => {
  const at = placed(
    ["a", "b"],
    [
      { source: "a", target: "b" },
      { source: "b", target: "a" },
    ],
  );

  expect(at.size).toBe(2);
});
