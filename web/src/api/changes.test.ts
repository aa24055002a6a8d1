import { expect, test } from "vitest";
import { videoOf } from "@/testing/samples";
import { serve } from "@/testing/server";
import { remixVideo } from "./changes";

// Rows 003-11 and 004-11: the one typed client has a call that makes a video again with another prompt.
test("a remix asks for the video it is made from, once", async () => {
  const made = videoOf();
  const bodies: unknown[] = [];
  const { asked } = serve(({ path, method, body }) => {
    bodies.push(body);
    return path === "/v1/videos/video_1/remix" && method === "POST" ? { body: made } : undefined;
  });

  const answer = await remixVideo("video_1", { prompt: "in blue" }, "key-1");

  expect(answer.id).toBe(made.id);
  expect(asked).toEqual(["POST /v1/videos/video_1/remix"]);
  expect(bodies).toEqual([{ prompt: "in blue" }]);
});
