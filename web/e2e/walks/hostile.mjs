// More than a hundred harmful texts through every field and file name: each stays a text, wherever it is shown.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { railOf, settled } from "../pages.mjs";
import { DISGUISED, PAYLOADS } from "../payloads.mjs";
import { PICTURE, prompt } from "../studio.mjs";
import { walk } from "../walk.mjs";

const expected = /status of (40[0-9]|422)/;

await walk(
  { upstream: ["--true-size"], env: { REELGATE_NET_ALLOW: "127.0.0.1" }, expected },
  async ({ page, admin, browser, server, upstream, wrong }) => {
    assert.ok(PAYLOADS.length > 100);
    // One at a time, so that nearly all of them wait and are shown as they were asked for.
    await upstream.connect(admin, { name: "Slow", models: { "slow-1": "sim-1" }, concurrency: 1, poll_policy: "fixed:60" });
    const harmless = (where) => staysText(page, where, wrong);
    const clip = await admin.clip("A lighthouse", { model: "tide-1" });
    const shared = await stored(admin, clip.id);

    await typed(page, harmless);
    await uploaded(page, server, clip.id, harmless);
    for (const path of [...(await railOf(page)), "/library?view=table", "/account", `/videos/${clip.id}`]) {
      await page.goto(server.origin + path);
      await settled(page);
      await page.mouse.move(700, 450);
      await harmless(path);
    }
    await page.goto(`${server.origin}/videos/${clip.id}`);
    for (const tab of ["Lineage", "Attempts", "Share", "Recipe"]) {
      await page.getByRole("tab", { name: tab }).click();
      await harmless(tab);
    }
    await namedAnew(page, admin, server, clip.id, harmless);
    await inAddresses(page, server, harmless);
    const visitor = await openPage(browser, { expected });
    await visitor.page.goto(server.origin + shared.path);
    await visitor.page.locator("video").waitFor();
    await staysText(visitor.page, "a share", visitor.wrong);
    for (const text of PAYLOADS.filter((one) => one.startsWith("javascript") || one.startsWith("//"))) {
      await visitor.page.goto(`${server.origin}/login?next=${encodeURIComponent(text)}`);
      await visitor.page.locator('input[autocomplete="username"]').fill("ada");
    }
    await visitor.page.locator('input[type="password"]').fill("a lighthouse keeper 1");
    await visitor.page.keyboard.press("Enter");
    await visitor.page.locator("main#page").waitFor();
    assert.equal(new URL(visitor.page.url()).origin, server.origin, "a sign-in leads nowhere else");
    await staysText(visitor.page, "after the sign-in", visitor.wrong);
  },
);

/** Nothing ran, nothing was stopped from running, and no text became an element. */
async function staysText(page, where, wrong) {
  const found = await page.evaluate(() => {
    const handled = [...document.querySelectorAll("*")].filter((one) =>
      one.getAttributeNames().some((name) => name.startsWith("on")),
    );
    const strange = document.querySelectorAll(
      'iframe, object, embed, base, marquee, plaintext, math, form[action^="javascript"], a[href^="javascript" i], body script',
    );
    return {
      ran: "__ran" in window,
      elements: [...handled, ...strange]
        .filter((one) => !one.matches("body > script[src]"))
        .map((one) => one.outerHTML.slice(0, 200)),
    };
  });
  assert.deepEqual(found, { ran: false, elements: [] }, where);
  assert.deepEqual(wrong, [], where);
}

/** Brings every text in by the API, under every name there is; what the server refuses is as good. */
async function stored(admin, clip) {
  const kinds = {};
  const send = async (kind, method, path, body) => {
    const { status } = await admin.send(method, path, body);
    assert.ok(status < 500, `${kind}: ${status}`);
    kinds[kind] = (kinds[kind] ?? 0) + (status < 300 ? 1 : 0);
  };
  for (const text of PAYLOADS) {
    await Promise.all([
      send("prompts", "POST", "/v1/videos", { prompt: text, negative_prompt: text, model: "slow-1" }),
      send("folders", "POST", "/api/library/folders", { name: text.slice(0, 60) }),
      send("tags", "POST", "/api/library/tags", { name: text.slice(0, 40) }),
      send("projects", "POST", "/api/account/projects", { name: text.slice(0, 60) }),
      send("presets", "POST", "/api/library/presets", { name: text.slice(0, 60), body: { prompt: text } }),
      send("keys", "POST", "/api/account/keys", { name: text.slice(0, 60), scopes: ["videos:read"] }),
      send("webhooks", "POST", "/v1/webhook_endpoints", {
        name: text.slice(0, 60),
        url: `http://127.0.0.1:9/${encodeURIComponent(text)}`,
        event_types: ["video.completed"],
      }),
      send("channels", "POST", "/api/admin/channels", {
        name: text.slice(0, 60),
        dialect: "openai_videos",
        base_url: "http://127.0.0.1:9/v1",
        self_hosted: true,
        secret: "sk-walk",
        models: { [`model-${PAYLOADS.indexOf(text)}`]: text.slice(0, 100) },
        enabled: false,
      }),
      send("people", "POST", "/api/admin/users", {
        username: `u${PAYLOADS.indexOf(text)}`,
        name: text,
        email: `u${PAYLOADS.indexOf(text)}@example.com`,
        role: "viewer",
      }),
      send("invites", "POST", "/api/admin/invites", { note: text }),
      send("teams", "POST", "/api/admin/teams", { name: text.slice(0, 60) }),
      send("aliases", "PUT", `/api/admin/aliases/${encodeURIComponent(text)}`, { model: "tide-1" }),
    ]);
  }
  for (const kind of ["prompts", "folders", "tags", "keys"]) {
    assert.ok(kinds[kind] > PAYLOADS.length / 2, `${kind}: only ${kinds[kind]} were taken`);
  }
  console.log(`stored: ${JSON.stringify(kinds)}`);
  const worst = `"><img src=x onerror=window.__ran=1><script>window.__ran=1</script>`;
  await admin.ask("PATCH", `/api/library/items/${clip}`, { name: worst, notes: worst, tags: [worst.slice(0, 40)] });
  return admin.ask("POST", `/api/library/items/${clip}/shares`, { hide_prompt: false });
}

/** Types every text into every field that stands on a page, the way somebody pastes it. */
async function typed(page, harmless) {
  for (const path of [null, "/library", "/characters", "/account"]) {
    if (path) await page.goto(new URL(path, page.url()).href);
    await settled(page);
    for (const field of await page
      .locator('main input:is([type="text"], [type="search"], [type="url"], :not([type])), main textarea')
      .all()) {
      if (!(await field.isVisible()) || !(await field.isEditable())) continue;
      for (const text of PAYLOADS) await field.fill(text);
      await harmless(`typed on ${path ?? "/"}`);
      await field.fill("");
    }
  }
  await page.goto(new URL("/", page.url()).href);
  await page.getByRole("button", { name: "Request" }).click();
  for (const text of PAYLOADS.filter((_, n) => n % 10 === 0)) {
    await prompt(page).fill(text);
    await page.getByRole("tab", { name: "As code" }).click();
    await page.locator("pre, code").first().waitFor();
    await harmless("as code");
  }
  await page.keyboard.press("Escape");
}

/** File names of uploads, and files that are not what they say. */
async function uploaded(page, server, clip, harmless) {
  const { readFileSync } = await import("node:fs");
  const picture = readFileSync(PICTURE);
  await prompt(page).fill("A picture with a name");
  const input = page.locator('input[type="file"]').first();
  for (const name of PAYLOADS) {
    await input.setInputFiles({ name: name.replaceAll("/", "∕").slice(0, 120), mimeType: "image/png", buffer: picture });
    const remove = page.getByRole("button", { name: /^Remove / }).first();
    await remove.waitFor();
    await harmless(`a file called ${name}`);
    await remove.click();
    await remove.waitFor({ state: "detached" });
  }
  for (const { name, type, text } of DISGUISED) {
    const kept = await page.evaluate(
      async ([name, type, text]) => {
        const form = new FormData();
        form.append("file", new File([text], name, { type }));
        form.append("purpose", "user_data");
        const token = /reelgate_csrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
        const answer = await fetch("/v1/files", { method: "POST", body: form, headers: { "x-csrf-token": token } });
        return answer.ok ? (await answer.json()).id : null;
      },
      [name, type, text],
    );
    if (kept) await servedHarmlessly(page, `${server.origin}/v1/files/${kept}/content`);
  }
  for (const variant of ["video", "thumbnail", "spritesheet"]) {
    await servedHarmlessly(page, `${server.origin}/v1/videos/${clip}/content?variant=${variant}`);
  }
  await page.goto(server.origin);
}

async function servedHarmlessly(page, address) {
  const answer = await page.context().request.get(address);
  const headers = answer.headers();
  assert.equal(headers["x-content-type-options"], "nosniff", address);
  assert.match(headers["content-security-policy"] ?? "", /sandbox/, address);
  assert.doesNotMatch(headers["content-type"] ?? "", /html|svg|javascript|xml/, address);
}

/** One clip takes every name in turn, on its own page and in the list. */
async function namedAnew(page, admin, server, clip, harmless) {
  for (const text of PAYLOADS.filter((_, n) => n % 4 === 0)) {
    await admin.send("PATCH", `/api/library/items/${clip}`, { name: text.slice(0, 200), notes: text });
    await page.goto(`${server.origin}/videos/${clip}`);
    await page.getByRole("tab", { name: "Recipe" }).waitFor();
    await harmless(`a clip called ${text}`);
  }
}

/** Addresses are texts that somebody else may have written. */
async function inAddresses(page, server, harmless) {
  for (const text of PAYLOADS.filter((_, n) => n % 6 === 0)) {
    const said = encodeURIComponent(text);
    for (const path of [
      `/library?q=${said}`,
      `/videos/${said}`,
      `/characters?q=${said}&who=${said}`,
      `/?from=${said}&as=${said}`,
    ]) {
      await page.goto(server.origin + path);
      await page.locator("main").first().waitFor();
      await harmless(path);
    }
  }
}
