// Every page and what opens on it, dark and light, in both languages: axe finds nothing serious.
import assert from "node:assert/strict";
import { look as axe } from "../axe.mjs";
import { LOOKS, openPage } from "../browser.mjs";
import { nameOf, railOf, settled } from "../pages.mjs";
import { walk } from "../walk.mjs";

const minor = new Map();
const grave = new Map();

/** Notes what axe finds, once each, so that one walk tells everything. */
async function accessible(page, where) {
  const found = await axe(page);
  for (const one of found.minor) minor.set(one.id, one.help);
  for (const one of found.grave) for (const node of one.nodes) grave.set(`${one.id}: ${node}`, where);
}

await walk({ upstream: ["--true-size"] }, async ({ page, admin, browser, server }) => {
  const clip = await admin.clip("A lighthouse at dusk", { model: "tide-1" });
  const remix = await admin.ask("POST", `/v1/videos/${clip.id}/remix`, { prompt: "The same in a storm" });
  await admin.ended(remix.id);
  const failed = await admin.clip("A tide pool [fault:fails]", { model: "tide-1" });
  await admin.ask("POST", "/api/library/characters", { item_id: clip.id, name: "Ada", start_seconds: 0, end_seconds: 2 });
  await admin.ask("POST", "/api/account/keys", { name: "a script", scopes: ["videos:read"] });
  const link = await admin.ask("POST", `/api/library/items/${clip.id}/shares`, { password: "tide", hide_prompt: false });
  const open = await admin.ask("POST", `/api/library/items/${clip.id}/shares`, { hide_prompt: false });
  const rail = await railOf(page);
  for (const name of ["dark", "light", "chinese", "chineseDark"]) {
    const opened = await openPage(browser, { client: admin, look: LOOKS[name] });
    const look = async (what) => {
      await settled(opened.page);
      await accessible(opened.page, `${what} (${name})`);
    };
    for (const path of [...rail, "/library?view=table", "/account", `/videos/${failed.id}`, "/nowhere"]) {
      await opened.page.goto(server.origin + path);
      await look(nameOf(path));
    }
    await opened.page.goto(`${server.origin}/videos/${remix.id}`);
    await opened.page.getByRole("tab").first().waitFor();
    for (const tab of await opened.page.getByRole("tab").all()) {
      await tab.click();
      await look(`video, ${await tab.innerText()}`);
    }
    await whatOpens(opened.page, server.origin, clip.id, look);
    await opened.context.close();
    await strangers(browser, server.origin, LOOKS[name], [link.path, open.path]);
  }
  for (const [id, help] of minor) console.log(`minor: ${id}: ${help}`);
  assert.deepEqual(Object.fromEntries(grave), {}, JSON.stringify(Object.fromEntries(grave), null, 2));
});

/** Menus, lists and questions that only stand while somebody needs them. */
async function whatOpens(page, origin, clip, look) {
  await page.goto(origin);
  await settled(page);
  for (const trigger of await page.locator('main [aria-haspopup="dialog"], header [aria-haspopup="menu"]').all()) {
    if (!(await trigger.isVisible())) continue;
    const word = await trigger.evaluate((button) => button.getAttribute("aria-label") ?? button.textContent);
    await trigger.click();
    await look(`create, ${word}`);
    await page.keyboard.press("Escape");
  }
  await page.keyboard.press("Control+k");
  await look("search");
  await page.keyboard.press("Escape");
  await page.locator("body").press("?");
  await look("keys");
  await page.goto(`${origin}/library?item=${clip}`);
  await page.locator("aside").waitFor();
  await look("library, details");
  await page.goto(`${origin}/characters?clip=${clip}`);
  await page.getByRole("slider").first().waitFor();
  await look("characters, new");
}

async function strangers(browser, origin, look, links) {
  const { page, context } = await openPage(browser, { look });
  for (const path of ["/login", "/setup#gone", "/invite#gone", "/reset#gone", "/s/nothing", ...links]) {
    await page.goto(origin + path);
    await settled(page);
    await accessible(page, path.split("#")[0]);
  }
  await context.close();
}
