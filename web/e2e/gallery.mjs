// Pictures of every page and state, to be looked at by people: `gallery.mjs FOLDER`.
// Writes PNG files and `pictures.json`, which says of each what it shows; `tools/gallery.py` makes pages of them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOOKS, openBrowser, openPage } from "./browser.mjs";
import { nameOf, railOf, settled } from "./pages.mjs";
import { Server, Upstream, until } from "./server.mjs";
import { chooseModel, PICTURE, prompt } from "./studio.mjs";

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const GALLERY = {
  "en-dark": LOOKS.dark,
  "zh-light": LOOKS.chinese,
  "en-phone": LOOKS.phone,
  "zh-phone": LOOKS.chinesePhone,
};
const LONG =
  "A lighthouse keeper climbs the spiral stairs with a lantern while the storm throws the sea against the rocks, the " +
  "camera follows close behind, every step creaks, rain runs down the small windows, and at the top the great lens begins " +
  "to turn and its beam crosses the dark water towards a small ship that has lost its way home tonight";
const pictures = [];

/** The clips every picture shows: drawn by animatic, in three shapes and both languages. */
async function furnish(admin, upstream, slow) {
  const wide = { size: "1280x720" };
  const tall = { size: "720x1280" };
  const square = { size: "1024x1024" };
  const wishes = [
    ["A lighthouse on a cliff at dusk, the beam sweeping over the sea", wide],
    ["海边的少女,日落时分,慢镜头", tall],
    ["A paper boat drifts down a rainy street", wide],
    ["雨夜的城市街道,霓虹倒映在水面", wide],
    ["Two foxes play in the first snow", square],
    [LONG, tall],
  ];
  const made = [];
  for (const [text, size] of wishes) made.push(await admin.clip(text, size));
  const [first, girl] = made;
  const remix = await admin.ask("POST", `/v1/videos/${first.id}/remix`, {
    prompt: "The same lighthouse in a storm, waves over the rocks",
  });
  await admin.ended(remix.id);
  const again = await admin.ask("POST", `/v1/videos/${remix.id}/remix`, { prompt: "The storm is over, the morning is clear" });
  await admin.ended(again.id);
  await admin.ask("POST", "/api/library/characters", { item_id: girl.id, name: "小雨", start_seconds: 0.5, end_seconds: 2.5 });
  await admin.ask("POST", "/api/library/characters", { item_id: first.id, name: "The Keeper", start_seconds: 1, end_seconds: 3 });
  const trailer = await admin.ask("POST", "/api/library/folders", { name: "Trailer" });
  await admin.ask("PATCH", `/api/library/items/${first.id}`, {
    name: "Lighthouse, first take",
    favourite: true,
    rating: 5,
    tags: ["sea", "灯塔"],
    folder_id: trailer.id,
    notes: "The beam should be slower.",
  });
  await upstream.connect(admin, {
    name: "Tide Studio",
    models: { "tide-1": "sim-1" },
    prices: { "tide-1": { per_second: "0.15" } },
  });
  await slow.connect(admin, { name: "Old Mill", models: { "mill-2": "sim-1" } });
  const refused = await admin.clip("A portrait in the style of a famous painter", { model: "tide-1" });
  await admin.ask("POST", "/v1/videos", { prompt: "A ferry crosses the strait at night", model: "mill-2" });
  await admin.ask("POST", "/v1/videos", { prompt: "航拍雪山,云海翻涌", model: "mill-2", size: "1280x720" });
  await admin.ask("POST", "/v1/videos", { prompt: "A kite over the harbour", model: "mill-2" });
  await until(async () => {
    const { data } = await admin.ask("GET", "/api/library/items?status=unconfirmed");
    return data.length > 0;
  }, "a task in doubt");
  await admin.ask("POST", "/api/account/keys", {
    name: "Nightly script",
    scopes: ["videos:read", "videos:write"],
    budget: "25",
    window: "month",
  });
  await admin.ask("POST", "/v1/webhook_endpoints", {
    name: "Editing room",
    url: "http://127.0.0.1:9/clips",
    event_types: ["video.completed"],
  });
  const share = await admin.ask("POST", `/api/library/items/${first.id}/shares`, { hide_prompt: false });
  const locked = await admin.ask("POST", `/api/library/items/${first.id}/shares`, { password: "tide", hide_prompt: true });
  return { first, remix, refused, share, locked, long: made.at(-1) };
}

/** Takes one picture and notes what it shows. */
async function take(page, look, group, name) {
  await settled(page);
  await page.mouse.move(0, 0);
  await page.waitForTimeout(400);
  const file = `${name}-${look}.png`;
  await page.screenshot({ path: join(folder, file) });
  pictures.push({ group, name, look, file });
}

async function everyPage(browser, server, admin, made) {
  for (const [look, how] of Object.entries(GALLERY)) {
    const { page, context } = await openPage(browser, { client: admin, look: how });
    await page.goto(server.origin);
    const rail = how.size ? made.rail : await railOf(page);
    made.rail = rail;
    for (const path of [...rail, "/account"]) {
      await page.goto(server.origin + path);
      await take(page, look, "Pages", nameOf(path));
    }
    await page.goto(`${server.origin}/library?item=${made.first.id}`);
    await take(page, look, "Pages", "library-details");
    await page.goto(`${server.origin}/library?view=table`);
    await take(page, look, "Pages", "library-table");
    await page.goto(`${server.origin}/videos/${made.remix.id}`);
    await page.getByRole("tab").first().waitFor();
    const tabs = ["recipe", "lineage", "attempts", "share"];
    for (const [n, tab] of (await page.getByRole("tab").all()).entries()) {
      await tab.click();
      if (tabs[n] === "lineage") await page.locator(".react-flow__node").first().waitFor();
      await take(page, look, "Pages", `video-${tabs[n]}`);
    }
    await context.close();
    const visitor = await openPage(browser, { look: how });
    for (const [name, path] of Object.entries({ login: "/login", share: made.share.path, "share-locked": made.locked.path })) {
      await visitor.page.goto(server.origin + path);
      await take(visitor.page, look, "Pages", name);
    }
    await visitor.context.close();
  }
}

/** What stands before there is anything. */
async function empty(browser, server, newcomer) {
  for (const look of ["en-dark", "zh-phone"]) {
    const { page, context } = await openPage(browser, { client: newcomer, look: GALLERY[look] });
    for (const path of ["/", "/library", "/queue", "/characters"]) {
      await page.goto(server.origin + path);
      await take(page, look, "Empty", `empty-${nameOf(path)}`);
    }
    await context.close();
  }
}

/** What stands while the server thinks, and when it answers badly. */
async function slowAndBroken(browser, server, admin, clip) {
  const paths = { create: "/", library: "/library", queue: "/queue", video: `/videos/${clip}` };
  for (const look of ["en-dark", "zh-light"]) {
    for (const state of ["loading", "error"]) {
      const { page, context } = await openPage(browser, { client: admin, look: GALLERY[look], expected: /./ });
      await page.route(/\/api\/library\/|\/v1\/videos|\/api\/models|\/api\/admin\//, (route) =>
        state === "loading"
          ? undefined
          : route.fulfill({
              status: 503,
              json: { error: { code: "storage_full", message: "The disk is full, so nothing can be kept." } },
            }),
      );
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(server.origin + path);
        await page
          .locator(state === "loading" ? "main :is([aria-busy], .mantine-Skeleton-root)" : '[role="alert"]')
          .first()
          .waitFor();
        await page.waitForTimeout(400);
        const file = `${state}-${name}-${look}.png`;
        await page.screenshot({ path: join(folder, file) });
        pictures.push({ group: state === "loading" ? "Loading" : "Errors", name: `${state}-${name}`, look, file });
      }
      await context.close();
    }
  }
}

/** What opens on a page, and what is long or has failed. */
async function states(browser, server, admin, made) {
  for (const look of ["en-dark", "zh-light", "en-phone"]) {
    const { page, context } = await openPage(browser, { client: admin, look: GALLERY[look] });
    const at = (path) => page.goto(server.origin + path);
    await at(`/videos/${made.long.id}`);
    await take(page, look, "Long texts", "long-video");
    await at(`/library?item=${made.long.id}`);
    await take(page, look, "Long texts", "long-library");
    await at(`/videos/${made.refused.id}`);
    await take(page, look, "Errors", "failed-video");
    await at("/");
    await settled(page);
    await page.locator("main textarea").first().fill(LONG);
    await page.locator('input[type="file"]').first().setInputFiles(PICTURE);
    await take(page, look, "Long texts", "long-create");
    await context.close();
  }
  await opened(browser, server, admin, made);
}

async function opened(browser, server, admin, made) {
  const look = "en-dark";
  const { page, context } = await openPage(browser, { client: admin, look: GALLERY[look] });
  const at = (path) => page.goto(server.origin + path);
  const show = (name) => take(page, look, "What opens", name);
  await at("/");
  await settled(page);
  await page.getByRole("button", { name: /^Model:/ }).click();
  await show("models");
  await page.keyboard.press("Escape");
  await chooseModel(page, "tide-1");
  await prompt(page).fill("A lighthouse at dusk");
  await page.getByRole("button", { name: "Request" }).click();
  await page.getByText("$0.60").first().waitFor();
  await show("request");
  await page.getByRole("tab", { name: "As code" }).click();
  await show("code");
  await at("/");
  await settled(page);
  await page.keyboard.press("Control+k");
  await show("search");
  await page.keyboard.press("Escape");
  await page.locator("main h1, main h2, main p").first().click();
  await page.keyboard.press("?");
  await show("keys");
  await at("/queue");
  await page.getByRole("button", { name: "Decide" }).first().click();
  await show("decide");
  await at(`/characters?clip=${made.first.id}`);
  await show("character");
  await at("/channels");
  await page.getByRole("article", { name: "Tide Studio" }).getByRole("button", { name: "Change" }).click();
  await show("channel-form");
  await context.close();
}

const open = [];
try {
  const server = new Server({ REELGATE_NET_ALLOW: "127.0.0.1" });
  const upstream = new Upstream("--at", "1=moderation");
  const slow = new Upstream("--run", "900", "--queue", "0", "--no-list", "--at", "3=drop_after_accept");
  open.push(server, upstream, slow);
  await Promise.all([server.start(), upstream.start(), slow.start()]);
  const browser = await openBrowser();
  open.unshift(browser);
  const first = await openPage(browser, { look: LOOKS.dark });
  await first.page.goto(server.link);
  await take(first.page, "en-dark", "Pages", "first-run");
  await first.context.close();
  const admin = await server.administrator();
  const made = await furnish(admin, upstream, slow);
  const newcomer = await server.person(admin, "newcomer", "member");
  await everyPage(browser, server, admin, made);
  await empty(browser, server, newcomer);
  await slowAndBroken(browser, server, admin, made.first.id);
  await states(browser, server, admin, made);
  writeFileSync(join(folder, "pictures.json"), JSON.stringify(pictures, null, 1));
  console.log(`${pictures.length} pictures`);
} finally {
  for (const thing of open) await thing.close();
}
