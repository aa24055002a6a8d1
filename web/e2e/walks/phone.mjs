// On a phone: the bar at the bottom leads everywhere, nothing is wider than the screen, and a clip is made.
import assert from "node:assert/strict";
import { LOOKS } from "../browser.mjs";
import { playing, prompt } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ look: LOOKS.phone, upstream: [] }, async ({ page, admin, server, shot }) => {
  const clip = await admin.clip("A very long prompt about a lighthouse and the sea that goes on and on ".repeat(4), {
    model: "tide-1",
  });
  await page.reload();
  const bar = page.getByRole("navigation", { name: "Pages" });
  for (const name of ["Library", "Queue", "Characters", "Create"]) {
    await bar.getByRole("link", { name, exact: true }).click();
    await page
      .getByRole("main")
      .getByRole("heading")
      .or(page.getByRole("article"))
      .or(page.locator("textarea"))
      .first()
      .waitFor();
    await fits(page, name);
  }
  for (const path of [`/videos/${clip.id}`, "/account", "/admin", "/admin/channels"]) {
    await page.goto(server.origin + path);
    await page.getByRole("main").getByRole("heading").first().waitFor();
    await fits(page, path);
  }
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Create", exact: true }).click();
  await prompt(page).fill("A paper boat");
  await page
    .getByRole("button", { name: /^Generate/ })
    .tap()
    .catch(() => page.getByRole("button", { name: /^Generate/ }).click());
  const tile = page.getByRole("article", { name: "A paper boat" }).first();
  await tile.getByRole("button", { name: /^Play/ }).click();
  await playing(page);
  await shot("clip");
});

async function fits(page, where) {
  const { wide, screen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= screen, `${where} is ${wide} px wide on a screen of ${screen}`);
}
