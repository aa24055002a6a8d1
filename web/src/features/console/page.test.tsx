import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { type Document, isGrave, operationsOf, sampleOf } from "./document";
import { ConsolePage } from "./page";
import { addressOf, asProgram, type Filled } from "./request";
import { cursorIn, message } from "./wire";

const JSON_BODY = { schema: { type: "object", required: ["prompt"], properties: { prompt: { type: "string" } } } };
const FORM = {
  schema: { type: "object", properties: { file: { type: "string", format: "binary" }, purpose: { type: "string" } } },
};
const DOCUMENT: Document = {
  paths: {
    "/v1/videos": {
      get: { summary: "List videos", tags: ["videos"], parameters: [{ name: "limit", in: "query" }] },
      post: { summary: "Create a video", tags: ["videos"], requestBody: { content: { "application/json": JSON_BODY } } },
    },
    "/v1/videos/{video_id}": {
      delete: { summary: "Delete a video", tags: ["videos"], parameters: [{ name: "video_id", in: "path", required: true }] },
    },
    "/v1/files": { post: { summary: "Upload", tags: ["files"], requestBody: { content: { "multipart/form-data": FORM } } } },
  },
};

function filled(id: string, part: Partial<Filled> = {}): Filled {
  const operation = operationsOf(DOCUMENT).find((one) => one.id === id);
  if (!operation) throw new Error(id);
  return { operation, path: {}, query: {}, kind: Object.keys(operation.bodies)[0] ?? null, text: "", fields: {}, ...part };
}

function studio(more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => (request.path === "/openapi.json" ? { body: DOCUMENT } : more(request)));
}

test("a request is filled in, sent with the sign-in, and its answer is shown", async () => {
  const { asked } = studio(({ path }) => (path === "/v1/videos" ? { body: { object: "list", data: [] } } : undefined));
  show(ConsolePage);

  await userEvent.type(await screen.findByLabelText("limit"), "5");
  await userEvent.click(screen.getByRole("button", { name: "Send GET" }));

  expect(await screen.findByText(/^200 in \d+ ms/)).toBeTruthy();
  expect(screen.getByText(/"object": "list"/)).toBeTruthy();
  expect(asked).toContain("GET /v1/videos?limit=5");
});

test("an operation from the address is open, and what is required is written into its body", async () => {
  studio();
  show(ConsolePage, `/?op=${encodeURIComponent("POST /v1/videos")}`);

  const body = (await screen.findByLabelText("JSON")) as HTMLTextAreaElement;
  expect(JSON.parse(body.value)).toEqual({ prompt: "" });
  await userEvent.clear(body);
  await userEvent.type(body, "no json");
  expect(await screen.findByText(/This is no JSON/)).toBeTruthy();
  expect((screen.getByRole("button", { name: "Send POST" }) as HTMLButtonElement).disabled).toBe(true);
});

test("what takes something away is asked about once more, naming it", async () => {
  const { asked } = studio(({ method }) => (method === "DELETE" ? { body: { deleted: true } } : undefined));
  show(ConsolePage, `/?op=${encodeURIComponent("DELETE /v1/videos/{video_id}")}`);

  const send = await screen.findByRole("button", { name: "Send DELETE" });
  expect((send as HTMLButtonElement).disabled).toBe(true);
  await userEvent.type(screen.getByLabelText(/video_id/), "video_1");
  await userEvent.click(send);
  const sure = within(await screen.findByRole("dialog"));
  expect(sure.getByText(/DELETE \/v1\/videos\/video_1 changes or removes/)).toBeTruthy();
  expect(asked.some((one) => one.startsWith("DELETE"))).toBe(false);
  await userEvent.click(sure.getByRole("button", { name: "Send DELETE" }));

  expect(await screen.findByText(/"deleted": true/)).toBeTruthy();
});

test("a program of a request holds no secret and every part of it", () => {
  // biome-ignore lint/suspicious/noDocumentCookie: the token as the server puts it there
  document.cookie = "reelgate_csrf=sign-in-canary";
  const create = filled("POST /v1/videos", { text: '{"prompt": "it\'s"}' });
  const upload = filled("POST /v1/files", { fields: { file: new File(["x"], "a.png"), purpose: "vision" } });

  const programs = (["curl", "python", "node"] as const).flatMap((form) =>
    [create, upload].map((one) => asProgram(form, one, "https://reel.example")),
  );

  for (const text of programs) {
    expect(text).toContain("REELGATE_API_KEY");
    expect(text).not.toContain("canary");
  }
  expect(programs[0]).toContain(`-d '{"prompt": "it'\\''s"}'`);
  expect(programs[1]).toContain("-F 'file=@a.png'");
  expect(programs[3]).toContain('files={"file": open("a.png", "rb")}');
});

test("addresses, samples and grave requests are read from the description", () => {
  const remove = filled("DELETE /v1/videos/{video_id}", { path: { video_id: "a/b" }, query: { force: "", as: "1" } });

  expect(addressOf(remove)).toBe("/v1/videos/a%2Fb?as=1");
  expect(isGrave(remove.operation)).toBe(true);
  expect(isGrave(filled("GET /v1/videos").operation)).toBe(false);
  const shared: Document = {
    paths: {},
    components: { schemas: { Wish: { type: "object", required: ["n"], properties: { n: { type: "integer" } } } } },
  };
  expect(sampleOf({ $ref: "#/components/schemas/Wish" }, shared)).toEqual({ n: 0 });
  expect(sampleOf({ anyOf: [{ type: "null" }, { enum: ["a", "b"] }] }, shared)).toBe("a");
});

test("messages of the socket name a task and a cursor, and cursors are read back", () => {
  expect(JSON.parse(message("subscribe", "video_1", "42"))).toEqual({ type: "subscribe", taskId: "video_1", cursor: 42 });
  expect(JSON.parse(message("subscribe"))).toEqual({ type: "subscribe" });
  expect(JSON.parse(message("unsubscribe", "video_1", "42"))).toEqual({ type: "unsubscribe", taskId: "video_1" });
  expect(cursorIn('{"type":"progress","cursor":7}')).toBe(7);
  expect(cursorIn("not json")).toBeNull();
});

test("the live pane offers everybody's events to operators alone", async () => {
  studio();
  show(ConsolePage, "/?pane=live");
  await userEvent.click(await screen.findByRole("combobox", { name: "Source" }));

  expect(await screen.findByText("SSE: one video")).toBeTruthy();
  expect(screen.queryByText("SSE: everybody's tasks")).toBeNull();
});
