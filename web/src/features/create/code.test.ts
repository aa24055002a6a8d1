import { expect, test } from "vitest";
import { asCode } from "./code";

const body = { prompt: 'It\'s "quoted"', model: "reel-1", seconds: "8", size: "1280x720", seed: 7, audio: true };

test("no form of the code holds a key", () => {
  for (const form of ["curl", "python", "node"] as const) {
    expect(asCode(form, body, "http://studio.test")).toContain("REELGATE_API_KEY");
  }
});

test("a quote in the prompt does not end the shell's text", () => {
  expect(asCode("curl", body, "http://studio.test")).toContain("It'\\''s");
});

test("what the SDK has no name for goes along as extra body", () => {
  expect(asCode("python", body, "http://studio.test")).toContain('extra_body={"seed": 7, "audio": True}');
});

test("a remix is written as a remix of its clip", () => {
  const source = { id: "video_9", verb: "remix" as const };

  expect(asCode("curl", body, "http://studio.test", source)).toContain("/v1/videos/video_9/remix");
  expect(asCode("python", body, "http://studio.test", source)).toContain('"/videos/video_9/remix"');
  expect(asCode("node", body, "http://studio.test", { id: "video_9", verb: "extend" })).toContain('"/videos/extensions"');
});
