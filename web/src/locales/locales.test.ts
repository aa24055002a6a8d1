import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CODES } from "@/api/made/vocabulary";
import en from "./en";
import enFurther from "./en/further";
import zh from "./zh-CN";
import zhFurther from "./zh-CN/further";

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, at = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") found.set(at + key, value);
    else for (const [inner, text] of flat(value, `${at}${key}.`)) found.set(inner, text);
  }
  return found;
}

const english = flat({ ...en, ...enFurther } as unknown as Tree);
const chinese = flat({ ...zh, ...zhFurther } as unknown as Tree);

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return path.endsWith(".tsx") && !path.endsWith(".test.tsx") ? [path] : [];
  });
}

test("both languages say the same things", () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
});

test("both languages fill in the same places", () => {
  const places = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort();
  for (const [key, text] of english) expect([key, places(chinese.get(key) ?? "")]).toEqual([key, places(text)]);
});

/** Names that are the same in every language. */
const NAMES = /Reelgate|English|cURL|Python|Node\.js|https|Webhook|API|cookie|JSON|HTTP|CSV|ID|ZIP/gi;

test("Chinese is written in Chinese", () => {
  const plain = (text: string) => text.replaceAll(/\{\{\w+\}\}/g, "").replaceAll(NAMES, "");
  const same = [...english]
    .filter(([key, text]) => /[a-z]{3,}/i.test(plain(text)) && chinese.get(key) === text)
    .map(([key]) => key);
  expect(same).toEqual([]);
});

test("no text is left in the code", () => {
  const told = /\b(?:label|title|placeholder|aria-label|alt|description|nothingFound)="([^"{]*[A-Za-z\u4e00-\u9fff][^"{]*)"/g;
  const found = sources(join(import.meta.dirname, "..")).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(told)].map((hit) => `${path}: ${hit[1]}`),
  );
  expect(found).toEqual([]);
});

test("every reason the server knows is said in both languages, with what to do", () => {
  for (const code of Object.keys(CODES)) {
    for (const words of [enFurther.codes, zhFurther.codes] as Record<string, { what: string; next: string }>[]) {
      expect([code, words[code]?.what && words[code]?.next ? "said" : "not said"]).toEqual([code, "said"]);
    }
  }
});
