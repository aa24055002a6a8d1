import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { detailOf, itemOf } from "@/testing/items";
import { show } from "@/testing/render";
import { modelOf, videoOf } from "@/testing/samples";
import { serve } from "@/testing/server";
import { EMPTY, forgetDrafts, storeDraft, storedDraft } from "./draft";
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

const ADA = itemOf({ id: "char_1", kind: "character", name: "Ada", prompt: null });
const LISTED = (data: unknown[]) => ({ body: { data, next: null, previous: null, facets: null } });

test("an @ lists the characters, and who is picked is sent by id", async () => {
  let sent: { prompt?: string; characters?: unknown } = {};
  const able = [modelOf("reel-1", { characters: 2 })];
  studio(({ path, method, query, body }) => {
    if (path === "/api/models") return { body: { success: true, data: able } };
    if (path === "/api/library/items" && query.get("kind") === "character") return LISTED([ADA]);
    if (path !== "/v1/videos" || method !== "POST" || query.get("dry_run")) return undefined;
    sent = body as typeof sent;
    return { body: videoOf({ id: "video_2" }) };
  });
  show(CreatePage);

  await userEvent.type(await screen.findByLabelText("Prompt"), "Meet @A");
  expect(await screen.findByRole("option", { name: "@Ada" })).toBeTruthy();
  await userEvent.keyboard("{Enter}by the sea");
  await screen.findByRole("list", { name: "Characters in the prompt" });
  fireEvent.click(screen.getByRole("button", { name: /^Generate/ }));

  await waitFor(() => expect(sent).toMatchObject({ characters: [{ id: "char_1" }] }));
  expect(sent.prompt).toContain("@Ada");
});

test("a character the model has no room for is struck and says why", async () => {
  studio(({ path }) => (path === "/api/library/items/char_1" ? { body: detailOf(ADA) } : undefined));
  show(CreatePage, "/?who=char_1");

  expect(await screen.findByText("reel-1 takes 0 characters.")).toBeTruthy();
  expect(screen.getByLabelText<HTMLTextAreaElement>("Prompt").value).toBe("@Ada ");
});

test("a preset is kept under a name, applied by a click, renamed and deleted", async () => {
  const asked: [string, unknown][] = [];
  let kept = [
    {
      id: "preset_1",
      name: "Tall",
      shared: false,
      mine: true,
      created_at: 0,
      updated_at: 0,
      body: { model: "reel-1", seconds: 4, size: "720x1280", variations: 2 } as Record<string, unknown>,
    },
  ];
  studio(({ path, method, body }) => {
    if (!path.startsWith("/api/library/presets")) return undefined;
    if (method === "GET") return { body: { data: kept } };
    asked.push([method, body]);
    const wish = body as { name: string; body: Record<string, unknown>; shared: boolean };
    const base = kept[0]!;
    if (method === "DELETE") kept = [];
    else kept = method === "PUT" ? [{ ...base, ...wish }] : [...kept, { ...base, ...wish, id: "preset_2" }];
    return { body: method === "DELETE" ? { id: "preset_1", deleted: true } : kept.at(-1) };
  });
  show(CreatePage);

  fireEvent.click(await screen.findByRole("button", { name: "Presets" }));
  fireEvent.click(await screen.findByRole("button", { name: /^Tall/ }));
  await waitFor(() => expect(screen.getByRole("button", { name: "4 s" }).getAttribute("aria-pressed")).toBe("true"));
  expect(screen.getByRole("button", { name: "9:16" }).getAttribute("aria-pressed")).toBe("true");
  expect(screen.getByRole("button", { name: /^Generate 2/ })).toBeTruthy();

  fireEvent.click(screen.getByRole("button", { name: "Presets" }));
  await userEvent.type(await screen.findByLabelText("Keep what is set now"), "Mine");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() =>
    expect(asked[0]).toEqual([
      "POST",
      { name: "Mine", shared: false, body: { model: "reel-1", variations: 2, seconds: 4, size: "720x1280" } },
    ]),
  );

  fireEvent.click(screen.getByRole("button", { name: "More about Tall" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Rename" }));
  const name = await screen.findByDisplayValue("Tall");
  await userEvent.clear(name);
  await userEvent.type(name, "Portrait{Enter}");
  await waitFor(() => expect(asked[1]).toMatchObject(["PUT", { name: "Portrait" }]));
  fireEvent.click(await screen.findByRole("button", { name: "More about Portrait" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Delete" }));
  await waitFor(() => expect(asked[2]?.[0]).toBe("DELETE"));
});

test("a picture is taken from the library, and a clip's last frame as well", async () => {
  const picture = itemOf({ id: "file_7", kind: "upload", name: "boat.png", media: { media_type: "image/png", thumbnail: "/t" } });
  studio(({ path, method, query }) => {
    if (path === "/api/library/items" && query.get("kind") === "upload") return LISTED([picture]);
    if (path === "/api/library/items" && query.get("kind") === "task,clip") return LISTED([itemOf({ id: "video_5" })]);
    if (path === "/api/library/items/video_5/last_frame" && method === "POST") {
      return { body: { file_id: "file_8", role: "first_frame", media_type: "image/png", url: "/f" } };
    }
    return undefined;
  });
  show(CreatePage);

  fireEvent.click(await screen.findByRole("button", { name: "Picture from the library" }));
  fireEvent.click(await screen.findByRole("button", { name: "boat.png" }));
  await waitFor(() => expect(document.querySelector('img[src="/v1/files/file_7/content"]')).toBeTruthy());

  fireEvent.click(screen.getByRole("button", { name: "Remove boat.png" }));
  fireEvent.click(await screen.findByRole("button", { name: "Picture from the library" }));
  fireEvent.click(await screen.findByRole("radio", { name: "Last frames" }));
  fireEvent.click(await screen.findByRole("button", { name: "A lighthouse at dusk" }));
  await waitFor(() => expect(document.querySelector('img[src="/v1/files/file_8/content"]')).toBeTruthy());
});

test("a clip that is dropped gives its recipe back, as plain text", async () => {
  const recipe = { prompt: "<b>a fox</b>", model: "reel-1", seconds: 4, seed: 11, size: "720x1280" };
  studio(({ path }) => (path === "/api/library/recipes/read" ? { body: { found: true, recipe, item_id: null } } : undefined));
  show(CreatePage);
  const prompt = await screen.findByLabelText<HTMLTextAreaElement>("Prompt");

  const files = [new File(["x"], "fox.mp4", { type: "video/mp4" })];
  fireEvent.drop(window, { dataTransfer: { files, types: ["Files"] } });

  await waitFor(() => expect(prompt.value).toBe("<b>a fox</b>"));
  expect(screen.getByRole("button", { name: "4 s" }).getAttribute("aria-pressed")).toBe("true");
});

test("a remix of many makes one of each", async () => {
  const sent: string[] = [];
  studio(({ path, method }) => {
    if (path.startsWith("/api/library/items/video_"))
      return { body: detailOf({ id: path.split("/").at(-1) ?? "", model: "reel-1" }) };
    if (!path.endsWith("/remix") || method !== "POST") return undefined;
    sent.push(path);
    return { body: videoOf({ id: `video_${sent.length + 20}` }) };
  });
  show(CreatePage, "/?from=video_1,video_2&as=remix");

  fireEvent.click(await screen.findByRole("button", { name: /^Generate 2/ }));

  await waitFor(() => expect(sent.sort()).toEqual(["/v1/videos/video_1/remix", "/v1/videos/video_2/remix"]));
});

test("the draft of one project is not that of another, and signing out forgets both", () => {
  storeDraft({ ...EMPTY, prompt: "one" }, "proj_1");
  storeDraft({ ...EMPTY, prompt: "two" }, "proj_2");

  expect(storedDraft("proj_1").prompt).toBe("one");
  expect(storedDraft("proj_2").prompt).toBe("two");
  forgetDrafts();
  expect(storedDraft("proj_1").prompt).toBe("");
});
