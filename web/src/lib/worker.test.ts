import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";

const SOURCE = readFileSync(join(import.meta.dirname, "../../public/sw.js"), "utf8");
const HOME = "http://studio.test";

type Handler = (event: {
  request: Request;
  waitUntil: (work: Promise<unknown>) => void;
  respondWith: (answer: unknown) => void;
}) => void;
type Store = Map<string, Response>;

/** What a browser gives a service worker, as far as ours uses it. */
class Browser {
  readonly stores = new Map<string, Store>();
  readonly asked: string[] = [];
  online = true;
  private handlers = new Map<string, Handler>();

  start(release: { name: string; files: string[] }): void {
    this.handlers.clear();
    const told = SOURCE.replace(/^const RELEASE = .*$/m, `const RELEASE = ${JSON.stringify(release)};`);
    const path = (request: Request | string) => new URL(typeof request === "string" ? request : request.url, HOME).pathname;
    const open = async (name: string) => {
      const store = this.stores.get(name) ?? new Map<string, Response>();
      this.stores.set(name, store);
      return {
        match: async (request: Request | string) => store.get(path(request))?.clone(),
        put: async (request: Request, response: Response) => void store.set(path(request), response),
        keys: async () => [...store.keys()].map((one) => new Request(HOME + one)),
        addAll: async (requests: Request[]) => {
          for (const one of requests) store.set(path(one), await this.fetch(one));
        },
      };
    };
    const caches = { open, keys: async () => [...this.stores.keys()], delete: async (name: string) => this.stores.delete(name) };
    const self = {
      addEventListener: (name: string, handler: Handler) => this.handlers.set(name, handler),
      skipWaiting: () => {},
      clients: { claim: async () => {} },
      location: { origin: HOME },
    };
    const Relative = class extends Request {
      constructor(input: string, init?: RequestInit) {
        super(new URL(input, HOME), init);
      }
    };
    const run = new Function("self", "caches", "fetch", "Request", told);
    run(self, caches, (request: Request) => this.fetch(request), Relative);
  }

  async fetch(request: Request): Promise<Response> {
    if (!this.online) throw new TypeError("no line");
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    const response = new Response(`from the server: ${pathname}`, { status: pathname.includes("gone") ? 404 : 200 });
    Object.defineProperty(response, "type", { value: "basic" });
    return response;
  }

  async tell(name: string): Promise<void> {
    const works: Promise<unknown>[] = [];
    const event = { request: new Request(HOME), waitUntil: (work: Promise<unknown>) => works.push(work), respondWith: () => {} };
    this.handlers.get(name)?.(event);
    await Promise.all(works);
  }

  /** What the worker answers; null when it leaves the request to the browser. */
  async get(path: string, mode = "no-cors", method = "GET"): Promise<string | null> {
    const request = new Request(HOME + path, { method });
    Object.defineProperty(request, "mode", { value: mode });
    let answer: unknown = null;
    this.handlers.get("fetch")?.({ request, waitUntil: () => {}, respondWith: (given) => (answer = given) });
    return answer === null ? null : ((await (answer as Promise<Response>)).text() ?? null);
  }

  kept(): string[] {
    return [...this.stores.values()].flatMap((store) => [...store.keys()]).sort();
  }
}

let browser: Browser;
const ALONE = ["/before-paint.js", "/offline.html", "/offline.js"];

beforeEach(async () => {
  browser = new Browser();
  browser.start({ name: "one", files: ["/assets/app-1.js", "/assets/both-1.js"] });
  await browser.tell("install");
  await browser.tell("activate");
});

test("a file of the release is fetched once and then kept", async () => {
  await browser.get("/assets/app-1.js");
  browser.online = false;

  expect(await browser.get("/assets/app-1.js")).toBe("from the server: /assets/app-1.js");
});

test("no answer of an API, no clip and no page is ever kept", async () => {
  const others = ["/api/library/items", "/v1/videos/video_1/content", "/v1/files/file_1/content", "/share/token", "/health"];
  for (const path of others) expect(await browser.get(path)).toBeNull();
  expect(await browser.get("/api/library/export", "navigate")).toBeNull();
  expect(await browser.get("/assets/app-1.js", "cors", "POST")).toBeNull();
  await browser.get("/queue", "navigate");
  await browser.get("/assets/gone-9.js");

  expect(browser.kept()).toEqual(ALONE);
});

test("without a server a page says so, and with one it is the server's", async () => {
  expect(await browser.get("/library?q=x", "navigate")).toBe("from the server: /library");
  browser.online = false;

  expect(await browser.get("/library?q=x", "navigate")).toBe("from the server: /offline.html");
  expect(await browser.get("/offline.js")).toBe("from the server: /offline.js");
});

test("a new release drops what it does not hold and keeps what both have", async () => {
  await browser.get("/assets/app-1.js");
  await browser.get("/assets/both-1.js");
  const before = browser.asked.length;

  browser.start({ name: "two", files: ["/assets/app-2.js", "/assets/both-1.js"] });
  await browser.tell("install");
  await browser.tell("activate");

  expect([...browser.stores.keys()]).toEqual(["studio-two"]);
  expect(browser.kept()).toEqual(["/assets/both-1.js", ...ALONE].sort());
  expect(browser.asked.slice(before).sort()).toEqual(ALONE);
});
