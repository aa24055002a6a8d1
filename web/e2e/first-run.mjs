// From the one-time link to a clip made with a picture, as somebody would do it who has never been here.
import assert from "node:assert/strict";
import { openBrowser, openPage } from "./browser.mjs";

const [link, picture, shots] = process.argv.slice(2);
const origin = new URL(link).origin;
const browser = await openBrowser();
const { page, wrong } = await openPage(browser);
const shot = (name) => (shots ? page.screenshot({ path: `${shots}/${name}.png` }) : undefined);

await page.goto(origin);
await page.getByText("one-time link").waitFor();
await shot("login-first-run");

await page.goto(link);
await page.getByLabel("Name to sign in with").fill("ada");
const secrets = page.locator('input[autocomplete="new-password"]');
await secrets.nth(0).fill("a lighthouse keeper 1");
await secrets.nth(1).fill("a lighthouse keeper 1");
await shot("setup-account");
await page.getByRole("button", { name: "Make the account" }).click();
await page.getByRole("button", { name: "Carry on" }).waitFor();
assert.ok(!page.url().includes("#"), "the used link is gone from the address");
await shot("setup-look");
await page.getByRole("button", { name: "Carry on" }).click();
await shot("setup-channel");
await page.getByRole("button", { name: "Start with Animatic" }).click();
await page.getByRole("button", { name: "Generate" }).click();
await page.locator("video").waitFor();
await page.waitForFunction(() => document.querySelector("video").videoWidth > 0);
await shot("setup-clip");
await page.getByRole("button", { name: "Go to the studio" }).click();

await page.getByRole("article").first().waitFor();
await page.getByText("Live", { exact: true }).waitFor();
await page.getByRole("textbox", { name: "Prompt", exact: true }).fill("A paper boat drifts down a rainy street");
await page.locator('input[type="file"]').first().setInputFiles(picture);
await page
  .getByRole("button", { name: /^Cut to shape/ })
  .first()
  .waitFor();
await page.getByText("free").first().waitFor();
await shot("create-ready");
await page.keyboard.press("Control+Enter");
const tile = page.getByRole("article", { name: "A paper boat" }).first();
await tile.waitFor();
await shot("create-sent");
await tile.getByRole("button", { name: /^Play/ }).waitFor();
await shot("create-done");
assert.equal(
  await page.getByRole("textbox", { name: "Prompt", exact: true }).inputValue(),
  "A paper boat drifts down a rainy street",
);

await page.reload();
await tile.getByRole("button", { name: /^Play/ }).click();
await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
assert.ok(!/reelgate_session|reelgate_csrf|rg_/.test(kept), "no token is kept where scripts read");
assert.deepEqual(wrong, []);
await browser.close();
console.log("1 passed, 0 failed");
