import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { detailOf } from "@/testing/items";
import { show } from "@/testing/render";
import { modelOf, videoOf } from "@/testing/samples";
import { serve } from "@/testing/server";
import { CreatePage } from "./page";

const LIST = { object: "list", first_id: null, last_id: null, has_more: false };
const MODELS = [modelOf("reel-1"), modelOf("reel-2", { seconds: [5], sizes: ["1280x720"], seed: false })];

function studio(more: Parameters<typeof serve>[0] = () => undefined, videos = [videoOf()]) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/models") return { body: { success: true, data: MODELS } };
    if (request.path === "/v1/videos" && request.method === "GET") return { body: { ...LIST, data: videos } };
    return undefined;
  });
}

test("an installation without a clip says what the page is for", async () => {
  studio(undefined, []);
  show(CreatePage);

  expect(await screen.findByText("Nothing made yet")).toBeTruthy();
});

test("a list that cannot be had says why and offers to try again", async () => {
  studio(({ path, method }) =>
    path === "/v1/videos" && method === "GET"
      ? { status: 503, body: { error: { code: "overloaded", message: "The database is away." } } }
      : undefined,
  );
  show(CreatePage);

  expect(await screen.findByText("The database is away.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("the tile stands from the moment of sending and the prompt stays", async () => {
  studio(({ path, method, query }) => {
    if (path !== "/v1/videos" || method !== "POST") return undefined;
    if (query.get("dry_run"))
      return { status: 400, body: { error: { code: "invalid_value", message: "Not now.", param: "prompt" } } };
    return { body: videoOf({ id: "video_2", status: "queued", progress: 0, prompt: "A red kite" }) };
  }, []);
  show(CreatePage);

  const prompt = await screen.findByLabelText<HTMLTextAreaElement>("Prompt");
  await userEvent.type(prompt, "A red kite");
  fireEvent.click(screen.getByRole("button", { name: /^Generate/ }));

  expect(await screen.findByRole("article", { name: "A red kite" })).toBeTruthy();
  expect(prompt.value).toBe("A red kite");
  await waitFor(() => expect(screen.getByText("Waiting")).toBeTruthy());
});

test("a refused wish keeps its tile, says what it cost and can be sent again", async () => {
  studio(({ path, method, query }) =>
    path === "/v1/videos" && method === "POST" && !query.get("dry_run")
      ? { status: 402, body: { error: { code: "insufficient_credit", message: "Your credit does not cover this." } } }
      : undefined,
  );
  show(CreatePage);

  await userEvent.type(await screen.findByLabelText("Prompt"), "x");
  fireEvent.click(screen.getByRole("button", { name: /^Generate/ }));

  expect(await screen.findByText("Your credit does not cover this.")).toBeTruthy();
  expect(screen.getByText("Nothing was charged.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("what was typed is there again after the page was left", async () => {
  studio();
  const first = show(CreatePage);
  await userEvent.type(await screen.findByLabelText("Prompt"), "half a thought");
  first.unmount();

  show(CreatePage);

  expect((await screen.findByLabelText<HTMLTextAreaElement>("Prompt")).value).toBe("half a thought");
});

test("an impossible length is struck and does nothing", async () => {
  studio();
  show(CreatePage);

  const five = await screen.findByRole("button", { name: "5 s" });
  fireEvent.click(five);

  expect(five.getAttribute("aria-disabled")).toBe("true");
  expect(five.getAttribute("aria-pressed")).toBe("false");
});

test("using a clip again brings back its prompt, settings and pictures", async () => {
  const item = detailOf({
    id: "video_9",
    prompt: "A red kite",
    model: "reel-1",
    request: { seconds: 4, seed: 42, size: "720x1280" } as never,
    inputs: [
      {
        position: 0,
        role: "first_frame",
        media_type: "image/png",
        url: "/api/library/items/video_9/inputs/0",
        width: 1,
        height: 1,
        seconds: null,
        character_id: null,
        character_name: null,
      },
    ],
  });
  studio(({ path, method }) => {
    if (path === "/api/library/items/video_9") return { body: item };
    if (path === "/api/library/items/video_9/reuse" && method === "POST") {
      return { body: { data: [{ file_id: "file_1", role: "first_frame", media_type: "image/png", url: "/f" }] } };
    }
    return undefined;
  });
  show(CreatePage, "/?from=video_9&as=reuse");

  const prompt = await screen.findByLabelText<HTMLTextAreaElement>("Prompt");
  await waitFor(() => expect(prompt.value).toBe("A red kite"));
  expect(screen.getByRole("button", { name: "4 s" }).getAttribute("aria-pressed")).toBe("true");
  expect(screen.getByLabelText<HTMLInputElement>("Seed").value).toBe("42");
  expect(document.querySelector('img[src="/v1/files/file_1/content"]')).toBeTruthy();
});
