import { expect, test } from "vitest";
import { serve } from "@/testing/server";
import { bringIn } from "./bring";

const clip = (name: string) => new File(["clip"], name, { type: "video/mp4" });
const list = (name: string) => new File(["{}"], name, { type: "application/json" });
const HISTORY = {
  clips: [
    { ids: ["t1"], files: ["t1.mp4"], prompt: "a kite", model: "sora-2", created_at: 5 },
    { ids: ["t9"], files: [], prompt: null, model: null, created_at: null },
  ],
  characters: [],
};
const FIGURES = {
  clips: [],
  characters: [
    { id: "c", name: "ada", from_task: "t1", files: [], timestamps: "1,3" },
    { id: "d", name: "bob", from_task: "t7", files: [], timestamps: null },
  ],
};

function server(more: Parameters<typeof serve>[0] = () => undefined) {
  const sent: unknown[] = [];
  let lists = 0;
  const served = serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/library/legacy/read") {
      lists += 1;
      return { body: String(request.body).includes("history.json") ? HISTORY : FIGURES };
    }
    if (request.path === "/api/library/import")
      return { body: { id: `item_${served.asked.length}`, known: String(request.body).includes("two.mp4") } };
    if (request.path === "/api/library/characters") {
      sent.push(request.body);
      return { body: { id: "char_1", known: false } };
    }
    return undefined;
  });
  return { ...served, sent, lists: () => lists };
}

// 000-36, 000-48: what an earlier program kept comes along with its clips.
test("clips come with what the lists beside them say, and what has no clip is told", async () => {
  const { sent } = server();
  const steps: number[] = [];

  const files = [clip("t1.mp4"), clip("two.mp4"), list("history.json"), list("characters.json"), new File(["?"], "notes.txt")];
  const report = await bringIn(files, (done) => steps.push(done), new AbortController().signal);

  expect([report.items.size, report.known, report.characters]).toEqual([2, 1, 1]);
  expect(sent).toMatchObject([{ name: "ada", start_seconds: 1, end_seconds: 3 }]);
  expect(report.left.map((one) => [one.what, one.why])).toEqual([
    ["notes.txt", "kind"],
    ["bob", "noClip"],
    ["t9", "noFile"],
  ]);
  expect(steps).toEqual([0, 1, 2, 3]);
});

test("one clip that is refused does not stop the others", async () => {
  server(({ path, body }) =>
    path === "/api/library/import" && String(body).includes("bad.mp4")
      ? { status: 400, body: { error: { code: "invalid_request", message: "No clip." } } }
      : undefined,
  );

  const report = await bringIn([clip("bad.mp4"), clip("good.mp4")], () => {}, new AbortController().signal);

  expect(report.items.size).toBe(1);
  expect(report.left).toEqual([{ what: "bad.mp4", why: null, said: "No clip." }]);
});

test("a broken list stops everything before anything is kept", async () => {
  const { asked } = server(({ path }) =>
    path === "/api/library/legacy/read"
      ? { status: 400, body: { error: { code: "invalid_request", message: "Not JSON." } } }
      : undefined,
  );

  await expect(bringIn([list("history.json"), clip("a.mp4")], () => {}, new AbortController().signal)).rejects.toThrow(
    "history.json: Not JSON.",
  );

  expect(asked.some((one) => one.includes("/import"))).toBe(false);
});
