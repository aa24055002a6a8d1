// Drives every operation with the official Node SDK; prints one JSON line of what it saw, or fails.
import assert from "node:assert/strict";
import fs from "node:fs";
import OpenAI, { toFile } from "openai";

const [picture, clip] = process.argv.slice(2);
const client = new OpenAI(); // base address and key come from the environment
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

async function finish(id) {
  for (;;) {
    const video = await client.videos.retrieve(id);
    if (video.status === "completed" || video.status === "failed") return video;
    assert.ok(["queued", "in_progress"].includes(video.status), video.status);
    await pause(250);
  }
}

// Streamed uploads have no length and no type.
const streamed = await client.videos.create({
  prompt: "A paper boat on a lake",
  seconds: "1",
  input_reference: fs.createReadStream(picture),
});
const done = await finish(streamed.id);
assert.equal(done.status, "completed", JSON.stringify(done.error));
assert.equal(done.seconds, "1");

const bytes = Buffer.from(await (await client.videos.downloadContent(done.id)).arrayBuffer());
assert.equal(bytes.subarray(4, 8).toString(), "ftyp");
fs.writeFileSync(clip, bytes);
for (const variant of ["thumbnail", "spritesheet"]) {
  assert.equal((await client.videos.downloadContent(done.id, { variant })).status, 200);
}

const dataUrl = `data:image/png;base64,${fs.readFileSync(picture).toString("base64")}`;
const kept = await client.files.create({ file: fs.createReadStream(picture), purpose: "vision" });
const referenced = [
  await client.videos.create({ prompt: "b", input_reference: { image_url: dataUrl } }),
  await client.videos.create({ prompt: "b", input_reference: { file_id: kept.id } }),
  await client.videos.create({
    prompt: "b",
    input_reference: await toFile(fs.readFileSync(picture), "x.png", { type: "image/png" }),
  }),
];

const remix = await client.videos.remix(done.id, { prompt: "At night" });
assert.equal(remix.remixed_from_video_id, done.id);
const edit = await client.videos.edit({ prompt: "Bluer", video: { id: done.id } });
const edited = await client.videos.edit({ prompt: "Bluer", video: fs.createReadStream(clip) });
const extension = await client.videos.extend({ prompt: "On", seconds: "4", video: { id: done.id } });
assert.equal(extension.seconds, "5");

const character = await client.videos.createCharacter({
  name: "Mossy",
  video: fs.createReadStream(clip),
});
assert.equal((await client.videos.getCharacter(character.id)).name, "Mossy");
const used = await client.videos.create({ prompt: "Mossy sails", characters: [{ id: character.id }] });

const seen = [];
for await (const video of client.videos.list({ limit: 2 })) seen.push(video.id);
assert.equal(new Set(seen).size, seen.length);
assert.ok(seen.includes(done.id));

for (const video of [...referenced, remix, edit, edited, extension, used]) {
  assert.equal((await client.videos.delete(video.id)).deleted, true);
}
await assert.rejects(client.videos.delete(remix.id), OpenAI.NotFoundError);
await assert.rejects(
  client.videos.create({ prompt: "b", seconds: "999" }),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "seconds" && !!error.requestID,
);

console.log(JSON.stringify({ id: done.id, listed: seen.length }));
