import { expect, test } from "vitest";
import { documentOf, documentText, fieldsOf, linesOf, modelsOf, pairsOf } from "./settings";

test("the form has what the dialect's schema names", () => {
  const schema = {
    properties: {
      region: { enum: ["eu", "us"], default: "eu" },
      auth: { anyOf: [{ enum: ["key", "bearer"] }, { type: "null" }], default: null },
      strict: { type: "boolean", default: false },
      steps: { anyOf: [{ type: "integer", minimum: 1, maximum: 9 }, { type: "null" }], default: null },
      epoch: { anyOf: [{ type: "integer" }, { type: "string" }], default: 0 },
      headers: { type: "object", additionalProperties: { type: "string" } },
      recipe: { anyOf: [{ type: "object" }, { type: "string" }] },
      path: { type: "string", description: "Where it listens." },
    },
  };

  expect(fieldsOf(schema).map((field) => [field.name, field.kind])).toEqual([
    ["region", "choice"],
    ["auth", "choice"],
    ["strict", "yes-no"],
    ["steps", "number"],
    ["epoch", "text"],
    ["headers", "pairs"],
    ["recipe", "document"],
    ["path", "text"],
  ]);
  expect(fieldsOf(schema)[1]?.choices).toEqual(["key", "bearer"]);
  expect([fieldsOf(schema)[3]?.least, fieldsOf(schema)[3]?.most]).toEqual([1, 9]);
  expect(fieldsOf(null)).toEqual([]);
});

test("models are written one a line, with the provider's name where it differs", () => {
  const models = { fast: "vendor/fast-1", same: "same" };

  expect(modelsOf("fast = vendor/fast-1\nsame\n\n")).toEqual(models);
  expect(modelsOf(linesOf(models))).toEqual(models);
});

test("pairs and documents are read as they are written", () => {
  expect(pairsOf("x-team = a=b\n\nempty\n")).toEqual({ "x-team": "a=b", empty: "" });
  expect(pairsOf(" \n")).toBeUndefined();
  expect(documentOf('{"a": 1}')).toEqual({ a: 1 });
  expect(documentOf('name = "a relay"')).toBe('name = "a relay"');
  expect(documentOf("  ")).toBeUndefined();
  expect(documentOf(documentText({ a: [1] }))).toEqual({ a: [1] });
});
