import { Checkbox, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";

/** One setting of a dialect as its JSON Schema describes it. */
export type Field = {
  name: string;
  kind: "text" | "number" | "yes-no" | "choice" | "pairs" | "document";
  choices: string[];
  description: string | undefined;
  fallback: unknown;
  least: number | undefined;
  most: number | undefined;
};

type Schema = {
  type?: string | string[];
  enum?: unknown[];
  description?: string;
  default?: unknown;
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  additionalProperties?: Schema | boolean;
};

/** The shapes a value may have, without the one that stands for nothing. */
function shapesOf(schema: Schema): Schema[] {
  return (schema.anyOf ?? [schema]).filter((one) => one.type !== "null");
}

function kindOf(schema: Schema): Field["kind"] {
  const shapes = shapesOf(schema);
  if (shapes.length > 0 && shapes.every((one) => one.enum)) return "choice";
  const types = shapes.flatMap((one) => one.type ?? []);
  if (types.includes("boolean")) return "yes-no";
  const plain = shapes.find((one) => one.type === "object" && typeof one.additionalProperties === "object");
  if (plain && shapes.length === 1) return "pairs";
  if (types.includes("object") || types.includes("array")) return "document";
  if (types.every((type) => type === "integer" || type === "number")) return "number";
  return "text";
}

/** The settings a dialect takes, in the order it names them. */
export function fieldsOf(schema: Record<string, unknown> | null): Field[] {
  const properties = (schema?.properties ?? {}) as Record<string, Schema>;
  return Object.entries(properties).map(([name, one]) => {
    const shapes = shapesOf(one);
    return {
      name,
      kind: kindOf(one),
      choices: shapes.flatMap((shape) => shape.enum ?? []).filter((value): value is string => typeof value === "string"),
      description: one.description,
      fallback: one.default,
      least: shapes[0]?.minimum,
      most: shapes[0]?.maximum,
    };
  });
}

/** Settings every channel has, whatever it speaks; they are rarely wanted. */
const RARE = new Set(["sunset", "callback_epoch", "callback_url"]);

export function isRare(field: Field): boolean {
  return RARE.has(field.name);
}

/** Reads `name` or `public = upstream`, one a line. */
export function modelsOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [name, upstream] = line.split("=").map((part) => part.trim());
    if (name) found[name] = upstream || name;
  }
  return found;
}

export function linesOf(models: Record<string, string>): string {
  return Object.entries(models)
    .map(([name, upstream]) => (name === upstream ? name : `${name} = ${upstream}`))
    .join("\n");
}

/** Reads `name = value`, one a line; a line without `=` has an empty value. */
export function pairsOf(text: string): Record<string, string> | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const cut = line.indexOf("=");
      return cut < 0 ? [line.trim(), ""] : [line.slice(0, cut).trim(), line.slice(cut + 1).trim()];
    }),
  );
}

function pairsText(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([name, one]) => `${name} = ${one ?? ""}`)
    .join("\n");
}

/** What a document is written as: text as it is, anything else as JSON. */
export function documentText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** Reads a document: JSON where it is JSON, else the text, such as TOML. */
export function documentOf(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" ? read : text;
  } catch {
    return text;
  }
}

type Props = { field: Field; value: unknown; error?: string; onChange: (value: unknown) => void };

export function SettingField({ field, value, error, onChange }: Props) {
  const about = { label: field.name, description: field.description, error };
  const hint = field.fallback === undefined || field.fallback === null ? undefined : String(field.fallback);
  switch (field.kind) {
    case "yes-no":
      return (
        <Checkbox
          {...about}
          checked={value === undefined ? field.fallback === true : value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "number":
      return (
        <NumberInput
          {...about}
          placeholder={hint}
          min={field.least}
          max={field.most}
          value={typeof value === "number" ? value : ""}
          onChange={(next) => onChange(next === "" ? undefined : Number(next))}
        />
      );
    case "choice":
      return (
        <Select
          {...about}
          placeholder={hint}
          clearable
          data={field.choices}
          value={typeof value === "string" ? value : null}
          onChange={(next) => onChange(next ?? undefined)}
        />
      );
    case "pairs":
      return <Written about={about} write={pairsText} read={pairsOf} value={value} onChange={onChange} />;
    case "document":
      return <Written about={about} write={documentText} read={documentOf} value={value} onChange={onChange} />;
    case "text":
      return (
        <TextInput
          {...about}
          placeholder={hint}
          value={value === undefined || value === null ? "" : String(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

type WrittenProps = {
  about: { label: string; description: string | undefined; error: string | undefined };
  write: (value: unknown) => string;
  read: (text: string) => unknown;
  value: unknown;
  onChange: (value: unknown) => void;
};

/** A value that is written over several lines: what is typed stays as it is typed. */
function Written({ about, write, read, value, onChange }: WrittenProps) {
  const [text, setText] = useState(() => write(value));
  return (
    <Textarea
      {...about}
      autosize
      minRows={2}
      maxRows={16}
      spellCheck={false}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(read(event.currentTarget.value));
      }}
    />
  );
}
