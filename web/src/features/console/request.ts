import { ourHeaders } from "@/api/client";
import type { Operation } from "./document";

/** A request as somebody filled it in. */
export type Filled = {
  operation: Operation;
  path: Record<string, string>;
  query: Record<string, string>;
  kind: string | null;
  /** JSON text, where the body is JSON. */
  text: string;
  /** Fields and files, where the body is a form. */
  fields: Record<string, string | File>;
};

export type Answered = {
  status: number;
  ms: number;
  headers: [string, string][];
  type: string;
  size: number;
  /** The beginning of the body as text; null where it is no text. */
  text: string | null;
  cut: boolean;
  blob: Blob;
};

const SHOWN = 200_000;
const TEXT = /json|text|xml|javascript|csv|ndjson|yaml/;

/** The address with everything filled in; a part that is left empty stays as it is written. */
export function addressOf(filled: Filled): string {
  const path = filled.operation.path.replaceAll(/\{([^}:]+)(?::[^}]*)?\}/g, (whole, name: string) => {
    const value = filled.path[name];
    return value ? encodeURIComponent(value) : whole;
  });
  const query = new URLSearchParams(Object.entries(filled.query).filter(([, value]) => value !== ""));
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The names in the address that still have no value. */
export function missingIn(filled: Filled): string[] {
  return filled.operation.inPath.filter((name) => !filled.path[name]);
}

/** Says what is wrong with a JSON body; null where nothing is. */
export function wrongJson(filled: Filled): string | null {
  if (filled.kind !== "application/json" || filled.text.trim() === "") return null;
  try {
    JSON.parse(filled.text);
    return null;
  } catch (wrong) {
    return wrong instanceof Error ? wrong.message : String(wrong);
  }
}

function bodyOf(filled: Filled): BodyInit | undefined {
  if (filled.kind === null) return undefined;
  if (filled.kind === "application/json") return filled.text.trim() === "" ? undefined : filled.text;
  const form = new FormData();
  for (const [name, value] of Object.entries(filled.fields)) if (value !== "") form.append(name, value);
  return form;
}

/** Sends a request with the sign-in of whoever looks at the page. */
export async function sendFilled(filled: Filled, signal: AbortSignal): Promise<Answered> {
  const method = filled.operation.method.toUpperCase();
  const headers: Record<string, string> = ourHeaders(method);
  const body = bodyOf(filled);
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  const began = performance.now();
  const response = await fetch(addressOf(filled), { method, headers, body, signal, cache: "no-store" });
  const blob = await response.blob();
  const type = response.headers.get("content-type") ?? "";
  const shown = TEXT.test(type) || blob.size === 0;
  return {
    status: response.status,
    ms: Math.round(performance.now() - began),
    headers: [...response.headers.entries()],
    type,
    size: blob.size,
    text: shown ? pretty(await blob.slice(0, SHOWN).text(), type, blob.size) : null,
    cut: blob.size > SHOWN,
    blob,
  };
}

function pretty(text: string, type: string, size: number): string {
  if (!type.includes("json") || size > SHOWN) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// The same request as a program would send it: the key stands in the environment.

export const FORMS = ["curl", "python", "node"] as const;
export type Form = (typeof FORMS)[number];

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Names what a part of a form is; a file is told by its name alone. */
function fieldsOf(filled: Filled): [string, string, boolean][] {
  return Object.entries(filled.fields)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => (value instanceof File ? [name, value.name, true] : [name, value, false]));
}

/** Writes a request as a program; nothing of the sign-in is in it. */
export function asProgram(form: Form, filled: Filled, origin: string): string {
  const method = filled.operation.method.toUpperCase();
  const url = `${origin}${addressOf(filled)}`;
  const json = filled.kind === "application/json" && filled.text.trim() !== "" ? filled.text : null;
  const fields = filled.kind !== null && filled.kind !== "application/json" ? fieldsOf(filled) : [];
  switch (form) {
    case "curl":
      return curl(method, url, json, fields);
    case "python":
      return python(method, url, json, fields);
    case "node":
      return node(method, url, json, fields);
  }
}

type Fields = [string, string, boolean][];

function curl(method: string, url: string, json: string | null, fields: Fields): string {
  const lines = [`curl -X ${method} ${quoted(url)}`, `-H "Authorization: Bearer $REELGATE_API_KEY"`];
  if (json !== null) lines.push(`-H "Content-Type: application/json"`, `-d ${quoted(json)}`);
  for (const [name, value, file] of fields) lines.push(`-F ${quoted(`${name}=${file ? "@" : ""}${value}`)}`);
  return lines.join(" \\\n  ");
}

function python(method: string, url: string, json: string | null, fields: Fields): string {
  const text = (value: string) => JSON.stringify(value);
  const lines = ["import json, os, requests", "", "answer = requests.request(", `    ${text(method)},`, `    ${text(url)},`];
  lines.push(`    headers={"Authorization": "Bearer " + os.environ["REELGATE_API_KEY"]},`);
  if (json !== null) lines.push(`    json=json.loads(${text(json)}),`);
  const plain = fields.filter(([, , file]) => !file);
  const files = fields.filter(([, , file]) => file);
  if (plain.length > 0) lines.push(`    data={${plain.map(([name, value]) => `${text(name)}: ${text(value)}`).join(", ")}},`);
  if (files.length > 0)
    lines.push(`    files={${files.map(([name, value]) => `${text(name)}: open(${text(value)}, "rb")`).join(", ")}},`);
  return [...lines, ")", "print(answer.status_code, answer.text)"].join("\n");
}

function node(method: string, url: string, json: string | null, fields: Fields): string {
  const text = (value: string) => JSON.stringify(value);
  const lines: string[] = [];
  if (fields.some(([, , file]) => file)) lines.push('import { openAsBlob } from "node:fs";', "");
  if (fields.length > 0) {
    lines.push("const body = new FormData();");
    for (const [name, value, file] of fields)
      lines.push(`body.append(${text(name)}, ${file ? `await openAsBlob(${text(value)}), ${text(value)}` : text(value)});`);
  }
  lines.push(`const answer = await fetch(${text(url)}, {`, `  method: ${text(method)},`, "  headers: {");
  lines.push('    Authorization: "Bearer " + process.env.REELGATE_API_KEY,');
  if (json !== null) lines.push('    "Content-Type": "application/json",');
  lines.push("  },");
  if (json !== null) lines.push(`  body: JSON.stringify(${json}),`);
  else if (fields.length > 0) lines.push("  body,");
  return [...lines, "});", "console.log(answer.status, await answer.text());"].join("\n");
}
