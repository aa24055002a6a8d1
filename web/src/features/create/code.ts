import type { CreateBody } from "@/api/types";
import type { Source } from "./draft";

export const FORMS = ["curl", "python", "node"] as const;
export type Form = (typeof FORMS)[number];

/** One request as programs send it: the address under `/v1`, and the body. */
type Call = { path: string; body: Record<string, unknown>; source: Source | null };

const OF_EXTENSION = ["prompt", "seconds", "model", "seed", "negative_prompt", "audio", "watermark"];
const OF_EDIT = ["prompt", "model", "seed", "negative_prompt", "audio", "watermark"];

function callOf(body: CreateBody, source: Source | null): Call {
  const only = (names: string[]) => Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
  switch (source?.verb) {
    case "remix":
      return { path: `/videos/${source.id}/remix`, body, source };
    case "extend":
      return { path: "/videos/extensions", body: { ...only(OF_EXTENSION), video: { id: source.id } }, source };
    case "edit":
      return { path: "/videos/edits", body: { ...only(OF_EDIT), video: { id: source.id } }, source };
    default:
      return { path: "/videos", body, source: null };
  }
}

/** The same request as a program would send it. The key stands in the environment, never in the text. */
export function asCode(form: Form, body: CreateBody, origin: string, source: Source | null = null): string {
  const call = callOf(body, source);
  switch (form) {
    case "curl":
      return curl(call, origin);
    case "python":
      return python(call, origin);
    case "node":
      return node(call, origin);
  }
}

function curl({ path, body }: Call, origin: string): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl ${origin}/v1${path} \\`,
    '  -H "Authorization: Bearer $REELGATE_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${json}'`,
  ].join("\n");
}

const KNOWN = ["model", "prompt", "seconds", "size"];

function split(body: Record<string, unknown>): [Record<string, unknown>, Record<string, unknown>] {
  const entries = Object.entries(body);
  const plain = entries.filter(([name]) => KNOWN.includes(name));
  const extra = entries.filter(([name]) => !KNOWN.includes(name));
  return [Object.fromEntries(plain), Object.fromEntries(extra)];
}

function literal(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, inner]) => `${JSON.stringify(name)}: ${literal(inner)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}

function python(call: Call, origin: string): string {
  const [plain, extra] = split(call.body);
  const lines = Object.entries(plain).map(([name, value]) => `    ${name}=${literal(value)},`);
  if (Object.keys(extra).length > 0) lines.push(`    extra_body=${literal(extra)},`);
  const made = call.source
    ? ["video = client.post(", `    ${JSON.stringify(call.path)},`, `    body=${literal(call.body)},`, "    cast_to=Video,", ")"]
    : ["video = client.videos.create_and_poll(", ...lines, ")"];
  return [
    "import os",
    "",
    "from openai import OpenAI",
    ...(call.source ? ["from openai.types import Video"] : []),
    "",
    `client = OpenAI(base_url="${origin}/v1", api_key=os.environ["REELGATE_API_KEY"])`,
    ...made,
    ...(call.source ? ["video = client.videos.poll(video.id)"] : []),
    'client.videos.download_content(video.id).write_to_file("clip.mp4")',
  ].join("\n");
}

function node({ path, body, source }: Call, origin: string): string {
  const json = JSON.stringify(body, null, 2);
  const made = source ? `client.post(${JSON.stringify(path)}, { body: ${json} })` : `client.videos.create(${json})`;
  return [
    'import { writeFile } from "node:fs/promises";',
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.REELGATE_API_KEY });`,
    `let video = await ${made};`,
    'while (video.status === "queued" || video.status === "in_progress") {',
    "  await new Promise((done) => setTimeout(done, 2000));",
    "  video = await client.videos.retrieve(video.id);",
    "}",
    "const clip = await client.videos.downloadContent(video.id);",
    'await writeFile("clip.mp4", Buffer.from(await clip.arrayBuffer()));',
  ].join("\n");
}
