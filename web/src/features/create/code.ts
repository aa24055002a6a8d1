import type { CreateBody } from "@/api/types";

export const FORMS = ["curl", "python", "node"] as const;
export type Form = (typeof FORMS)[number];

/** The same request as a program would send it. The key stands in the environment, never in the text. */
export function asCode(form: Form, body: CreateBody, origin: string): string {
  switch (form) {
    case "curl":
      return curl(body, origin);
    case "python":
      return python(body, origin);
    case "node":
      return node(body, origin);
  }
}

function curl(body: CreateBody, origin: string): string {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl ${origin}/v1/videos \\`,
    '  -H "Authorization: Bearer $REELGATE_API_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${json}'`,
  ].join("\n");
}

const KNOWN = ["model", "prompt", "seconds", "size"];

function split(body: CreateBody): [Record<string, unknown>, Record<string, unknown>] {
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

function python(body: CreateBody, origin: string): string {
  const [plain, extra] = split(body);
  const lines = Object.entries(plain).map(([name, value]) => `    ${name}=${literal(value)},`);
  if (Object.keys(extra).length > 0) lines.push(`    extra_body=${literal(extra)},`);
  return [
    "import os",
    "",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${origin}/v1", api_key=os.environ["REELGATE_API_KEY"])`,
    "video = client.videos.create_and_poll(",
    ...lines,
    ")",
    'client.videos.download_content(video.id).write_to_file("clip.mp4")',
  ].join("\n");
}

function node(body: CreateBody, origin: string): string {
  const json = JSON.stringify(body, null, 2);
  return [
    'import { writeFile } from "node:fs/promises";',
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.REELGATE_API_KEY });`,
    `let video = await client.videos.create(${json});`,
    'while (video.status === "queued" || video.status === "in_progress") {',
    "  await new Promise((done) => setTimeout(done, 2000));",
    "  video = await client.videos.retrieve(video.id);",
    "}",
    "const clip = await client.videos.downloadContent(video.id);",
    'await writeFile("clip.mp4", Buffer.from(await clip.arrayBuffer()));',
  ].join("\n");
}
