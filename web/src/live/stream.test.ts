import { expect, test } from "vitest";
import { FrameReader } from "./stream";

test("an event cut in the middle is read when its rest has come", () => {
  const reader = new FrameReader();

  expect(reader.push("retry: 2000\n\nid: 7\nevent: video.pro")).toEqual([]);
  expect(reader.push('gress\ndata: {"a":1}\n\n: still here\n\n')).toEqual([
    { id: "7", event: "video.progress", data: '{"a":1}' },
  ]);
});

test("the place in the log is kept from one event to the next", () => {
  const reader = new FrameReader();

  const frames = reader.push("id: 1\ndata: a\n\ndata: b\n\n");

  expect(frames.map((frame) => [frame.id, frame.data])).toEqual([
    ["1", "a"],
    ["1", "b"],
  ]);
});
