import { expect, test } from "vitest";
import { fieldsOf, linesOf, modelsOf } from "./settings";

test("the form has what the dialect's schema names", () => {
  const schema = {
    properties: {
      region: { enum: ["eu", "us"], default: "eu" },
      strict: { type: "boolean", default: false },
      steps: { anyOf: [{ type: "integer" }, { type: "null" }], default: null },
      headers: { type: "object" },
      path: { type: "string", description: "Where it listens." },
    },
  };

  expect(fieldsOf(schema).map((field) => [field.name, field.kind])).toEqual([
    ["region", "choice"],
    ["strict", "yes-no"],
    ["steps", "number"],
    ["headers", "json"],
    ["path", "text"],
  ]);
  expect(fieldsOf(null)).toEqual([]);
});

test("models are written one a line, with the provider's name where it differs", () => {
  const models = { fast: "vendor/fast-1", same: "same" };

  expect(modelsOf("fast = vendor/fast-1\nsame\n\n")).toEqual(models);
  expect(modelsOf(linesOf(models))).toEqual(models);
});
