// One walk: a server of its own, somebody signed in, and at the end the promises that hold for every page.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { openBrowser, openPage } from "./browser.mjs";
import { Server, Upstream } from "./server.mjs";

/**
 * Runs `steps` with everything a walk needs.
 *
 * `empty` leaves out the administrator; `upstream` gives the options of a fake upstream to connect; `env` sets the
 * server up; `look` is one of `LOOKS`; `expected` are console errors that belong to the walk.
 */
export async function walk({ empty = false, upstream, env = {}, look, expected } = {}, steps) {
  const name = basename(process.argv[1], ".mjs");
  const open = [];
  const kept = (thing) => {
    open.unshift(thing);
    return thing;
  };
  let page;
  let server;
  try {
    server = kept(new Server(env));
    const simulator = upstream ? kept(new Upstream(...upstream)) : null;
    await Promise.all([server.start(), simulator?.start()]);
    const admin = empty ? null : await server.administrator();
    if (simulator && admin) await simulator.connect(admin);
    const browser = kept(await openBrowser());
    const opened = await openPage(browser, { client: admin, look, expected });
    page = opened.page;
    const shot = shots(page, name);
    if (!empty) await page.goto(server.origin);
    await steps({ ...opened, admin, browser, server, upstream: simulator, shot });
    assert.deepEqual(opened.wrong, [], "nothing went wrong in the page");
    await holdsNoSecret(opened, server);
    console.log("1 passed, 0 failed");
  } catch (failed) {
    await tell(page, server, failed, name);
    process.exitCode = 1;
  } finally {
    for (const thing of open) await thing.close();
  }
}

/** Pictures for people who want to look, in the folder `SHOTS`. */
function shots(page, name) {
  const folder = process.env.SHOTS;
  if (!folder) return async () => {};
  mkdirSync(folder, { recursive: true });
  return (what) => page.screenshot({ path: join(folder, `${name}-${what}.png`) });
}

/** No token stands where scripts can read it, or in an address. */
async function holdsNoSecret({ context, page, asked }, server) {
  const secrets = (await context.cookies(server.origin)).map((one) => one.value).filter((value) => value.length > 15);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  for (const secret of secrets) {
    assert.ok(!stored.includes(secret), "no token is kept where scripts read");
    assert.ok(!asked.some((url) => url.includes(secret)), "no token stands in an address");
  }
  assert.ok(!/\brg_\w+|reelgate_session/.test(stored), "no key is kept where scripts read");
  assert.deepEqual(
    asked.filter((url) => /\brg_\w{8}|[?&](token|key|session|access_token)=/.test(url)),
    [],
    "no key stands in an address",
  );
  const visible = await page.evaluate(() => document.cookie);
  assert.ok(!visible.includes("reelgate_session"), "the sign-in itself is not for scripts");
}

async function tell(page, server, failed, name) {
  console.error(`The walk \`${name}\` failed.\n${failed?.stack ?? failed}`);
  if (page && !page.isClosed()) {
    const text = await page.evaluate(() => document.body.innerText).catch(() => "");
    console.error(`at ${page.url()}\n--- the page\n${text.slice(0, 3000)}`);
    await shots(page, name)("failed").catch(() => {});
  }
  console.error(`--- the server\n${server?.log ?? ""}`);
}
