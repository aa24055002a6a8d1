// From the one-time link to a clip made with a picture, as somebody would do it who has never been here.
import assert from "node:assert/strict";
import { PICTURE, playing, prompt } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ empty: true }, async ({ page, server, shot }) => {
  await page.goto(server.origin);
  await page.getByText("one-time link").waitFor();
  await shot("login");

  await page.goto(server.link);
  await page.getByLabel("Name to sign in with").fill("ada");
  const secrets = page.locator('input[autocomplete="new-password"]');
  await secrets.nth(0).fill("a lighthouse keeper 1");
  await secrets.nth(1).fill("a lighthouse keeper 1");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("button", { name: "Carry on" }).waitFor();
  assert.ok(!page.url().includes("#"), "the used link is gone from the address");
  await page.getByRole("button", { name: "Carry on" }).click();
  await page.getByRole("button", { name: "Start with Animatic" }).click();
  await page.getByRole("button", { name: "Generate" }).click();
  await playing(page);
  await shot("clip");
  await page.getByRole("button", { name: "Go to the studio" }).click();

  await page.getByRole("article").first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await prompt(page).fill("A paper boat drifts down a rainy street");
  await page.locator('input[type="file"]').first().setInputFiles(PICTURE);
  await page
    .getByRole("button", { name: /^Cut to shape/ })
    .first()
    .waitFor();
  await page.getByText("free").first().waitFor();
  await page.keyboard.press("Control+Enter");
  const tile = page.getByRole("article", { name: "A paper boat" }).first();
  await tile.getByRole("button", { name: /^Play/ }).waitFor();
  assert.equal(await prompt(page).inputValue(), "A paper boat drifts down a rainy street", "what was typed stays");

  await page.reload();
  await tile.getByRole("button", { name: /^Play/ }).click();
  await playing(page);
});
