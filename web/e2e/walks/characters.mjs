// A character is cut out of a clip with the keys, found by name, called by `@`, and deleted by typing its name.
import assert from "node:assert/strict";
import { go } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ upstream: ["--true-size"] }, async ({ page, admin, shot }) => {
  await admin.clip("A girl with a red umbrella", { model: "tide-1" });
  await go(page, "Characters");
  await page.getByText("No characters yet").waitFor();
  await page.getByRole("button", { name: "New character" }).first().click();
  const maker = page.getByRole("dialog");
  await maker.getByRole("button", { name: "A girl with a red umbrella" }).click();
  const begin = maker.getByRole("slider", { name: "Begin of the part" });
  for (let n = 0; n < 5; n += 1) await begin.press("ArrowRight");
  assert.equal(await begin.getAttribute("aria-valuenow"), "0.5");
  await shot("maker");
  await maker.getByRole("textbox", { name: "Name" }).fill("小雨");
  await maker.getByRole("button", { name: "Make the character" }).click();
  const card = page.getByRole("article", { name: "小雨" });
  await card.waitFor();
  await card.getByText("Kept here").waitFor();

  await page.getByLabel("Search characters").fill("nobody");
  await page.getByText("No character of this name").waitFor();
  await page.getByLabel("Search characters").fill("小");
  await card.waitFor();
  await card.getByRole("button", { name: "Profile of 小雨" }).click();
  await page.getByRole("dialog").getByText("Write @小雨 in a prompt").waitFor();
  await page.keyboard.press("Escape");

  await card.getByRole("button", { name: "Delete 小雨" }).click();
  const asks = page.getByRole("dialog");
  assert.ok(await asks.getByRole("button", { name: "Delete", exact: true }).isDisabled(), "it wants to be typed");
  await asks.getByLabel("Type “小雨” to confirm").fill("小雨");
  await asks.getByRole("button", { name: "Delete", exact: true }).click();
  await card.waitFor({ state: "detached" });
});
