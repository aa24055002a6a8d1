import { Checkbox, NumberInput, Select, TextInput } from "@mantine/core";

/** One setting of a dialect as its JSON Schema describes it. */
export type Field = {
  name: string;
  kind: "text" | "number" | "yes-no" | "choice" | "json";
  choices: string[];
  description: string | undefined;
  fallback: unknown;
};

type Schema = { type?: string | string[]; enum?: unknown[]; description?: string; default?: unknown; anyOf?: Schema[] };

function kindOf(schema: Schema): Field["kind"] {
  if (schema.enum) return "choice";
  const types = [schema.type ?? schema.anyOf?.map((one) => one.type)].flat(2).filter((type) => type !== "null");
  if (types.includes("boolean")) return "yes-no";
  if (types.includes("integer") || types.includes("number")) return "number";
  return types.includes("object") || types.includes("array") ? "json" : "text";
}

/** The settings a dialect takes, in the order it names them. */
export function fieldsOf(schema: Record<string, unknown> | null): Field[] {
  const properties = (schema?.properties ?? {}) as Record<string, Schema>;
  return Object.entries(properties).map(([name, one]) => ({
    name,
    kind: kindOf(one),
    choices: (one.enum ?? []).filter((value): value is string => typeof value === "string"),
    description: one.description,
    fallback: one.default,
  }));
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

type Props = { field: Field; value: unknown; onChange: (value: unknown) => void };

export function SettingField({ field, value, onChange }: Props) {
  const about = { label: field.name, description: field.description };
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
    case "json":
      return (
        <TextInput
          {...about}
          placeholder={field.fallback === undefined ? undefined : JSON.stringify(field.fallback)}
          defaultValue={value === undefined ? "" : JSON.stringify(value)}
          onBlur={(event) => onChange(read(event.currentTarget.value))}
        />
      );
    case "text":
      return (
        <TextInput
          {...about}
          placeholder={hint}
          value={typeof value === "string" ? value : ""}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

function read(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // What is no JSON goes as it is; the server says what it wants.
    return text;
  }
}
