import { expect, test } from "vitest";
import { modelOf } from "@/testing/samples";
import { completed, meant, typedName, withNamed } from "./cast";
import { EMPTY } from "./draft";
import { bodyOf, fitted } from "./fit";
import { draftOf, presetOf } from "./preset";

const ADA = { id: "char_1", name: "Ada" };
const ADAM = { id: "char_2", name: "Adam" };
const MING = { id: "char_3", name: "小明" };

test("a name is being typed after an @, also in the middle of Chinese, never in an address", () => {
  expect(typedName("with @Ad", 8)).toBe("Ad");
  expect(typedName("清晨@小", 4)).toBe("小");
  expect(typedName("mail ada@home", 13)).toBeNull();
  expect(typedName("@Ada walks", 10)).toBeNull();
});

test("the picked name stands where its beginning was typed, with room behind it", () => {
  expect(completed("with @Ad walks", 8, "Ada")).toEqual({ text: "with @Ada walks", caret: 10 });
  expect(completed("@", 1, "小明")).toEqual({ text: "@小明 ", caret: 4 });
});

test("the longest name is meant, and a longer word is another one", () => {
  expect(meant("@Adam and @Adamant", [ADA, ADAM])).toEqual([ADAM]);
  expect(meant("@小明走进房间，@Ada 跟着", [ADA, MING])).toEqual([MING, ADA]);
  expect(meant("Ada without a sign", [ADA])).toEqual([]);
});

test("characters go by their ids, as many as the model takes, and only those the prompt names", () => {
  const draft = { ...EMPTY, prompt: "@Ada meets @小明", cast: [ADA, ADAM, MING] };

  expect(bodyOf(draft, modelOf("m", { characters: 2 }).video).characters).toEqual([{ id: "char_1" }, { id: "char_3" }]);
  expect(bodyOf(draft, modelOf("m", { characters: 1 }).video).characters).toEqual([{ id: "char_1" }]);
  expect(bodyOf(draft, modelOf("m").video)).not.toHaveProperty("characters");
  expect(fitted(draft, modelOf("m", { characters: 1 })).dropped).toEqual(["characters"]);
});

test("a name stands for one character", () => {
  expect(withNamed([ADA], { id: "char_9", name: "Ada" })).toEqual([{ id: "char_9", name: "Ada" }]);
});

test("a preset keeps what is set and gives it back; pictures and a source stay out", () => {
  const draft = {
    ...EMPTY,
    prompt: "@Ada",
    cast: [ADA],
    seconds: 8,
    size: "720x1280",
    seed: "7",
    negative: " blur ",
    variations: 3,
  };

  const body = presetOf(draft, modelOf("reel-1"), true);

  expect(draftOf(body)).toEqual({
    prompt: "@Ada",
    cast: [ADA],
    model: "reel-1",
    seconds: 8,
    size: "720x1280",
    seed: "7",
    negative: "blur",
    audio: null,
    watermark: null,
    variations: 3,
  });
  expect(presetOf(draft, modelOf("reel-1"), false)).not.toHaveProperty("prompt");
});

test("what a stranger put into a shared preset does no harm", () => {
  const wild = { model: { a: 1 }, seconds: "8", size: "javascript:1", seed: -3, variations: 900, prompt: [], characters: "x" };

  expect(draftOf(wild)).toMatchObject({ model: null, seconds: null, size: null, seed: "", variations: 1 });
});
