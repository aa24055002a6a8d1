/** What the console reads of the server's own description of itself. */
export type Schema = {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  format?: string;
  description?: string;
  $ref?: string;
};
type Parameter = { name: string; in: string; required?: boolean; description?: string };
type Described = {
  summary?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema?: Schema }> };
  responses?: Record<string, { content?: Record<string, unknown> }>;
};
export type Document = {
  paths: Record<string, Record<string, Described>>;
  components?: { schemas?: Record<string, Schema> };
};

export const METHODS = ["get", "post", "put", "patch", "delete"] as const;
export type Method = (typeof METHODS)[number];

/** One thing the API can be asked. */
export type Operation = {
  id: string;
  method: Method;
  path: string;
  summary: string;
  tag: string;
  inPath: string[];
  inQuery: string[];
  bodies: Record<string, Schema | undefined>;
  streams: boolean;
};

/** Gives everything the API can be asked, in the order of its addresses. */
export function operationsOf(document: Document): Operation[] {
  const found: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const one = item[method];
      if (!one) continue;
      const names = (where: string) => (one.parameters ?? []).filter((p) => p.in === where).map((p) => p.name);
      const content = one.requestBody?.content ?? {};
      found.push({
        id: `${method.toUpperCase()} ${path}`,
        method,
        path,
        summary: one.summary ?? "",
        tag: one.tags?.[0] ?? "",
        inPath: names("path"),
        inQuery: names("query"),
        bodies: Object.fromEntries(Object.entries(content).map(([kind, held]) => [kind, held.schema])),
        streams: Object.keys(one.responses?.["200"]?.content ?? {}).includes("text/event-stream"),
      });
    }
  }
  return found.sort((a, b) => a.path.localeCompare(b.path) || METHODS.indexOf(a.method) - METHODS.indexOf(b.method));
}

const DEEPEST = 6;

/** Gives a body that has the shape of a schema: what is required, with values that say what belongs there. */
export function sampleOf(schema: Schema | undefined, document: Document, depth = 0): unknown {
  if (!schema || depth > DEEPEST) return null;
  if (schema.$ref) return sampleOf(document.components?.schemas?.[schema.$ref.split("/").at(-1) ?? ""], document, depth + 1);
  for (const known of [schema.example, schema.default, schema.const]) if (known !== undefined) return known;
  if (schema.enum) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return sampleOf(choices.find((one) => one.type !== "null") ?? choices[0], document, depth + 1);
  switch (Array.isArray(schema.type) ? schema.type.find((type) => type !== "null") : schema.type) {
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case "array":
      return [];
    case "null":
      return null;
    default: {
      const names = schema.required ?? [];
      return Object.fromEntries(names.map((name) => [name, sampleOf(schema.properties?.[name], document, depth + 1)]));
    }
  }
}

/** Says whether a form field of a schema is a file. */
export function isFile(schema: Schema): boolean {
  return schema.format === "binary";
}

/** Whether a request may take something away or spend money, so that it is asked about once more. */
export function isGrave(operation: Operation): boolean {
  if (operation.method === "delete") return true;
  return (
    operation.method !== "get" &&
    /(cancel|trash|empty|revoke|logout|rotate|bulk|drain|pause|restore|decision|inbox)/.test(operation.path)
  );
}
