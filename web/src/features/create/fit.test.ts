import { expect, test } from "vitest";
import { modelOf } from "@/testing/samples";
import { EMPTY, type Picture } from "./draft";
import { aspectChoices, bodyOf, fitted, secondsChoices, sizeFor } from "./fit";

const picture: Picture = { key: "p", fileId: "file_1", url: null, name: "a.png", preview: "", failed: null };

test("a length only another model makes is shown, but cannot be had", () => {
  const here = modelOf("here", { seconds: [4, 8] });
  const there = modelOf("there", { seconds: [5, 10] });

  const choices = secondsChoices(here.video, [here, there]);

  expect(choices).toEqual([
    { value: 4, possible: true },
    { value: 5, possible: false },
    { value: 8, possible: true },
    { value: 10, possible: false },
  ]);
});

test("a shape the model does not make is shown, but cannot be had", () => {
  const choices = aspectChoices(modelOf("wide", { sizes: ["1280x720"] }).video);

  expect(choices.find((one) => one.value === "16:9")?.possible).toBe(true);
  expect(choices.find((one) => one.value === "9:16")?.possible).toBe(false);
});

test("another shape keeps the size class", () => {
  const able = modelOf("m", { sizes: ["1280x720", "720x1280", "1080x1920", "1920x1080"] }).video;

  expect(sizeFor(able, "9:16", "1920x1080")).toBe("1080x1920");
});

test("a change of model keeps what fits and names what does not", () => {
  const draft = {
    ...EMPTY,
    prompt: "kept",
    seconds: 8,
    size: "1920x1080",
    seed: "7",
    pictures: { ...EMPTY.pictures, first_frame: [picture] },
  };
  const next = modelOf("plain", { seconds: [5], sizes: ["1280x720"], seed: false, inputs: {} });

  const moved = fitted(draft, next);

  expect(moved.draft).toMatchObject({ prompt: "kept", model: "plain", seconds: null, size: "1280x720", seed: "7" });
  expect(moved.dropped).toEqual(["seconds", "size", "seed", "first_frame"]);
  expect(bodyOf(moved.draft, next.video)).not.toHaveProperty("seed");
});

test("each variation gets a seed of its own", () => {
  const able = modelOf("m").video;
  const draft = { ...EMPTY, prompt: "x", seed: "41" };

  expect(bodyOf(draft, able, 0)).toMatchObject({ seed: 41 });
  expect(bodyOf(draft, able, 1)).toMatchObject({ seed: 42 });
});

test("a picture goes by its file, one from elsewhere by its address", () => {
  const able = modelOf("m", { inputs: { first_frame: 1, reference: 2 } }).video;
  const far: Picture = { ...picture, key: "q", fileId: null, url: "https://pictures.example/a.png" };
  const draft = { ...EMPTY, prompt: "x", pictures: { first_frame: [picture], last_frame: [], reference: [far] } };

  expect(bodyOf(draft, able)).toMatchObject({
    first_frame: { file_id: "file_1" },
    references: [{ image_url: "https://pictures.example/a.png" }],
  });
});
