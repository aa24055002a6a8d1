// What a browser has to bear: weight, first content, interaction while events arrive, a long list, event to pixel.
// Its last line is one JSON document of raw numbers; `bench/scenarios/web.py` holds them to their goals.
import { join } from "node:path";
import { openBrowser, openPage } from "./browser.mjs";
import { nameOf, railOf, settled } from "./pages.mjs";
import { Child, Server, Upstream } from "./server.mjs";
import { live, prompt } from "./studio.mjs";

const QUICK = process.argv.includes("--quick");
const ITEMS = QUICK ? 1_000 : 10_000;
const SECONDS = QUICK ? 6 : 20;
const TURNS = QUICK ? 5 : 20;
const AT_ONCE = 260;

const say = (text) => process.stderr.write(`${text}\n`);
const ordered = (values) => values.toSorted((one, other) => one - other);
const share = (values, part) => ordered(values)[Math.min(values.length - 1, Math.floor(part * values.length))] ?? 0;

/** Scripts a page loads from the server, as they travel, when it is the first that somebody opens. */
async function weights(browser, server, admin, clip) {
  const first = await openPage(browser, { client: admin });
  await first.page.goto(server.origin);
  const paths = [...(await railOf(first.page)), "/account", `/videos/${clip}`, "/login"];
  await first.context.close();
  const found = {};
  for (const path of paths) {
    const { page, context } = await openPage(browser, { client: path === "/login" ? undefined : admin });
    await page.goto(server.origin + path);
    await settled(page);
    found[path.startsWith("/videos") ? "video" : nameOf(path)] = await page.evaluate(() => {
      const scripts = performance.getEntriesByType("resource").filter((one) => new URL(one.name).pathname.endsWith(".js"));
      return scripts.reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000;
    });
    await context.close();
  }
  return found;
}

/** Milliseconds to the first content and to a composer one can type in, with nothing kept from before. */
async function firstContent(browser, server, admin) {
  const paints = [];
  const usable = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const { page, context } = await openPage(browser, { client: admin });
    await page.addInitScript(() => {
      const look = () => {
        if (document.querySelector("main textarea")) window.__usable = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.goto(server.origin);
    await page.waitForFunction(() => window.__usable && performance.getEntriesByName("first-contentful-paint").length > 0);
    const [paint, ready] = await page.evaluate(() => [
      performance.getEntriesByName("first-contentful-paint")[0].startTime,
      window.__usable,
    ]);
    paints.push(paint);
    usable.push(ready);
    await context.close();
  }
  return {
    paint_ms: { p50: share(paints, 0.5), p95: share(paints, 0.95) },
    usable_ms: { p50: share(usable, 0.5), p95: share(usable, 0.95) },
  };
}

/** Notes how long interactions and tasks take from now on. */
async function watch(page) {
  await page.evaluate(() => {
    window.__events = [];
    window.__tasks = [];
    const note = (type, into, more) =>
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (type !== "event" || entry.interactionId) into.push(entry.duration);
      }).observe({ type, ...more });
    note("event", window.__events, { durationThreshold: 16 });
    note("longtask", window.__tasks);
  });
}

/** Types, picks and scrolls on Create while many tasks report; their reports are counted as they arrive. */
async function underLoad(browser, server, admin) {
  say(`events: ${AT_ONCE} tasks report`);
  const made = Array.from({ length: AT_ONCE }, (_, n) => ({ prompt: `Wave ${n} on a long beach`, model: "tide-1" }));
  for (let at = 0; at < made.length; at += 20) {
    await Promise.all(made.slice(at, at + 20).map((body) => admin.ask("POST", "/v1/videos", body)));
  }
  const { page, context } = await openPage(browser, { client: admin });
  await page.goto(server.origin);
  await live(page);
  await page
    .getByLabel(/^\d+ %$/)
    .first()
    .waitFor();
  const line = new Line(admin);
  await line.open();
  await watch(page);
  const began = Date.now();
  let touches = 0;
  while (Date.now() - began < SECONDS * 1000) {
    await prompt(page).pressSequentially("the tide comes in ", { delay: 40 });
    await page.getByRole("button", { name: "16:9" }).click();
    await page.getByRole("button", { name: "9:16" }).click();
    await page.mouse.wheel(0, touches % 2 ? -600 : 600);
    touches += 20;
  }
  const spent = (Date.now() - began) / 1000;
  const events = line.count / spent;
  const { slow, tasks } = await page.evaluate(() => ({ slow: window.__events, tasks: window.__tasks }));
  const pixel = await eventToPixel(page, line);
  line.close();
  await context.close();
  // Interactions quicker than 16 ms are not told one by one.
  const delays = [...slow, ...Array.from({ length: Math.max(0, touches - slow.length) }, () => 16)];
  return {
    events_per_second: events,
    interactions: touches,
    delay_ms: { p50: share(delays, 0.5), p98: share(delays, 0.98), worst: Math.max(16, ...slow) },
    long_tasks: { count: tasks.length, longest_ms: Math.max(0, ...tasks) },
    pixel,
  };
}

/** The server's events as another client hears them. */
class Line {
  constructor(admin) {
    this.admin = admin;
    this.count = 0;
    this.heard = new Map();
    this.abort = new AbortController();
  }

  async open() {
    const headers = {
      accept: "text/event-stream",
      cookie: [...this.admin.jar].map(([name, value]) => `${name}=${value}`).join("; "),
    };
    const answer = await fetch(`${this.admin.origin}/api/events`, { headers, signal: this.abort.signal });
    this.reading = this.read(answer.body.pipeThrough(new TextDecoderStream())).catch(() => {});
  }

  async read(stream) {
    let rest = "";
    for await (const part of stream) {
      const at = Date.now();
      const frames = (rest + part).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        const data = /^data: ?(.*)$/m.exec(frame)?.[1];
        if (!data) continue;
        this.count += 1;
        const event = JSON.parse(data);
        if (event.data?.progress) this.heard.set(`${event.data.id} ${event.data.progress}`, at);
      }
    }
  }

  close() {
    this.abort.abort();
  }
}

/** From the moment a percentage is heard on the line to the frame that shows it. */
async function eventToPixel(page, line) {
  const shown = await page.evaluate(async (ms) => {
    const seen = [];
    const watching = new MutationObserver(() => {
      requestAnimationFrame(() => {
        const at = Date.now();
        for (const ring of document.querySelectorAll('article [aria-label$=" %"]')) {
          const title = ring.closest("article").getAttribute("aria-label");
          seen.push([title, Number.parseInt(ring.getAttribute("aria-label"), 10), at]);
        }
      });
    });
    watching.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-label"] });
    await new Promise((done) => setTimeout(done, ms));
    watching.disconnect();
    return seen;
  }, SECONDS * 500);
  const videos = await line.admin.ask("GET", "/v1/videos?limit=100");
  const idOf = new Map(videos.data.map((one) => [one.prompt, one.id]));
  const first = new Map();
  for (const [title, progress, at] of shown) {
    const key = `${idOf.get(title)} ${progress}`;
    if (!first.has(key)) first.set(key, at);
  }
  const taken = [];
  const began = Math.min(...shown.map(([, , at]) => at));
  for (const [key, at] of first) {
    const heard = line.heard.get(key);
    // What was on the page before it was looked at has no beginning here.
    if (heard !== undefined && heard >= began) taken.push(Math.max(0, at - heard));
  }
  return { samples: taken.length, p50_ms: share(taken, 0.5), p95_ms: share(taken, 0.95) };
}

/** Scrolls a long library from its begin to its end as a wheel does, and looks for frames that came late. */
async function longList(browser, server, admin) {
  const { page, context } = await openPage(browser, { client: admin });
  await page.goto(`${server.origin}/library`);
  await settled(page);
  await watch(page);
  const found = await page.evaluate(async (wanted) => {
    const scroller = [...document.querySelectorAll("main *")].find(
      (one) => one.scrollHeight > one.clientHeight + 400 && /auto|scroll/.test(getComputedStyle(one).overflowY),
    );
    const gaps = [];
    const seen = new Set();
    let before = performance.now();
    let still = before;
    let top = -1;
    for (;;) {
      await new Promise((done) => requestAnimationFrame(done));
      const now = performance.now();
      gaps.push(now - before);
      before = now;
      for (const tile of document.querySelectorAll("main article")) seen.add(tile.getAttribute("aria-label"));
      if (scroller.scrollTop !== top) still = now;
      top = scroller.scrollTop;
      // Nothing more comes: the end, or a server that does not answer.
      if (now - still > 5_000 || seen.size >= wanted) break;
      scroller.scrollTop += 120;
    }
    return { gaps: gaps.slice(2), seen: seen.size, tiles: document.querySelectorAll("main article").length };
  }, ITEMS - 5);
  const { tasks } = await page.evaluate(() => ({ tasks: window.__tasks }));
  await context.close();
  return {
    items: found.seen,
    frames: found.gaps.length,
    gap_ms: { p50: share(found.gaps, 0.5), p99: share(found.gaps, 0.99), worst: Math.max(...found.gaps) },
    stalls: found.gaps.filter((gap) => gap > 100).length,
    longest_task_ms: Math.max(0, ...tasks),
    tiles_at_once: found.tiles,
  };
}

const open = [];
try {
  const server = new Server({ REELGATE_METRICS: "off", REELGATE_LOG_LEVEL: "warning" });
  open.unshift(server);
  const upstream = new Upstream("--run", "150", "--queue", "0");
  open.unshift(upstream);
  await Promise.all([server.start(), upstream.start()]);
  const admin = await server.administrator();
  const clip = await admin.clip("A lighthouse at dusk");
  const browser = await openBrowser();
  open.unshift(browser);
  say("weight per route");
  const kilobytes = await weights(browser, server, admin, clip.id);
  say("first content");
  const first = await firstContent(browser, server, admin);
  say(`a list of ${ITEMS}`);
  await server.stop();
  const filled = new Child(["-m", "bench.fill", join(server.folder, "data", "reelgate.db"), String(ITEMS)]);
  if ((await filled.ended) !== 0) throw new Error(filled.said);
  await server.start();
  for (;;) {
    const { total } = await admin.ask("GET", "/api/library/facets?kind=task,clip");
    if (total >= ITEMS) break;
    await new Promise((go) => setTimeout(go, 200));
  }
  const list = await longList(browser, server, admin);
  await upstream.connect(admin, { concurrency: AT_ONCE, poll_policy: "fixed:1" });
  const loaded = await underLoad(browser, server, admin);
  console.log(JSON.stringify({ kilobytes, first, list, loaded, chromium: browser.version() }));
} finally {
  for (const thing of open) await thing.close();
}
