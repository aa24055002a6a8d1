// A clip from words and a picture, watched while it is rendered; nothing is reloaded.
import assert from "node:assert/strict";
import { chooseModel, live, PICTURE, playing, prompt } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ upstream: ["--true-size"] }, async ({ page, shot }) => {
  await live(page);
  await chooseModel(page, "tide-1");
  await prompt(page).fill("A red kite over the harbour [takes:8]");
  await page.locator('input[type="file"]').first().setInputFiles(PICTURE);
  await page
    .getByRole("button", { name: /^Cut to shape/ })
    .first()
    .waitFor();

  await page.getByRole("button", { name: "Request" }).click();
  await page
    .getByText("tide-1 → sim-1")
    .or(page.getByText("tide-1", { exact: true }))
    .first()
    .waitFor();
  await page.getByRole("tab", { name: "As code" }).click();
  await page.getByText("/v1/videos").first().waitFor();
  await page.keyboard.press("Escape");

  await prompt(page).press("Control+Enter");
  const tile = page.getByRole("article", { name: "A red kite" }).first();
  await tile.waitFor();
  // The ring stands only for a percentage that the upstream reported.
  await tile.getByLabel(/^[1-9]\d? %$/).waitFor();
  await shot("under-way");
  await tile.getByRole("button", { name: /^Play/ }).waitFor();
  assert.equal(await prompt(page).inputValue(), "A red kite over the harbour [takes:8]", "what was typed stays");
  await tile.getByRole("button", { name: /^Play/ }).click();
  await playing(page);

  // It is asked what made the clip; only then is it put back, over what stands there now.
  const says = (text) => page.waitForFunction((wanted) => document.querySelector("textarea")?.value === wanted, text);
  await prompt(page).fill("Something else");
  await tile.hover();
  await tile.getByRole("button", { name: "Use this: prompt, model and settings" }).click();
  await says("A red kite over the harbour [takes:8]");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await says("");
});
