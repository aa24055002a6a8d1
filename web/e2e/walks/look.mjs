// Dark, light and like the system; both languages; chosen once and kept, without a flash of the other.
import assert from "node:assert/strict";
import { walk } from "../walk.mjs";

await walk({}, async ({ page, browser, server, admin, shot }) => {
  // A page that nobody chose anything for yet.
  const context = await browser.newContext({ colorScheme: "light", locale: "zh-CN", viewport: { width: 1440, height: 900 } });
  await context.addCookies(admin.cookies);
  const fresh = await context.newPage();
  await fresh.goto(server.origin);
  await fresh.getByRole("button", { name: /^生成/ }).waitFor();
  assert.equal(await scheme(fresh), "light", "like the system");
  assert.equal(await fresh.evaluate(() => document.documentElement.lang), "zh-CN");
  await fresh.emulateMedia({ colorScheme: "dark" });
  await fresh.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === "dark");

  await fresh.getByRole("button", { name: /账户/ }).click();
  await fresh.getByText("English", { exact: true }).click();
  await fresh.getByRole("button", { name: /^Generate/ }).waitFor();
  await fresh.locator('label:has([aria-label="Light"])').click();
  await fresh.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === "light");
  await fresh.reload();
  assert.equal(await scheme(fresh), "light", "what was chosen wins over the system");
  await fresh.getByRole("button", { name: /^Generate/ }).waitFor();
  await context.close();
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  assert.equal(await scheme(page), "dark");
  await shot("dark");
});

function scheme(page) {
  return page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
}
