// The server goes away while a clip is rendered and comes back: the page says so, and what happened stands there.
import assert from "node:assert/strict";
import { chooseModel, generate, live, prompt } from "../studio.mjs";
import { walk } from "../walk.mjs";

const expected = /status of 40[14]|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_CONNECTION_RESET|status of 503/;

await walk({ upstream: [], expected }, async ({ page, server, shot }) => {
  await live(page);
  await chooseModel(page, "tide-1");
  const tile = await generate(page, "A ferry crosses the strait [takes:6]");
  await tile.getByLabel(/^[1-9]\d? %$/).waitFor();
  await prompt(page).fill("What I was typing");

  await server.stop();
  await page
    .getByText("Reconnecting", { exact: true })
    .or(page.getByText("Polling", { exact: true }))
    .first()
    .waitFor();
  await shot("away");
  await server.start();

  await live(page);
  await tile.getByRole("button", { name: /^Play/ }).waitFor();
  assert.equal(await prompt(page).inputValue(), "What I was typing", "nothing typed is lost");
  assert.equal(await page.getByRole("article").count(), 1, "it was sent once");
});
