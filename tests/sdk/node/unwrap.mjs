// Verifies one webhook as a receiver would: headers, body and secret come in as JSON on standard input.
import assert from "node:assert/strict";
import fs from "node:fs";
import OpenAI from "openai";

const { headers, body, secret } = JSON.parse(fs.readFileSync(0, "utf8"));
const client = new OpenAI({ apiKey: "none" });
const event = await client.webhooks.unwrap(body, headers, secret);
await assert.rejects(client.webhooks.unwrap(`${body} `, headers, secret));
console.log(JSON.stringify({ type: event.type, id: event.data.id }));
