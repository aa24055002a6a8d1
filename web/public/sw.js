// Keeps the studio's own files at hand, and says so when the server cannot be reached.
// Nothing a person made or asked for is ever kept here: no answer of an API, no clip, no page.
/* global self, caches, fetch, Request, Response, URL */

/** Which files belong to this release; written by the build. */
const RELEASE = { name: "development", files: [] };

const KEPT = `studio-${RELEASE.name}`;
const OFFLINE = "/offline.html";
/** What the page without a server is made of. */
const ALONE = [OFFLINE, "/offline.js", "/before-paint.js"];
/** First parts of addresses that are not the studio's pages. */
const ELSEWHERE = /^\/(?:api|v1|v2|sora|ws|callbacks|assets|health|ready|metrics|docs|openapi\.json)(?:\/|$)/;

self.addEventListener("install", (event) => {
  const fresh = ALONE.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(fresh)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(take());
});

/** Brings along what the last release and this one share, and drops the rest. */
async function take() {
  const kept = await caches.open(KEPT);
  const files = new Set(RELEASE.files);
  for (const name of await caches.keys()) {
    if (name === KEPT || !name.startsWith("studio-")) continue;
    const old = await caches.open(name);
    for (const request of await old.keys()) {
      if (!files.has(new URL(request.url).pathname)) continue;
      const response = await old.match(request);
      if (response) await kept.put(request, response);
    }
    await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(file(request));
  else if (ALONE.includes(url.pathname)) event.respondWith(fromServer(request, url.pathname));
  else if (request.mode === "navigate" && !ELSEWHERE.test(url.pathname)) event.respondWith(fromServer(request, OFFLINE));
});

/** A file whose name changes with its content: what is kept is right for ever. */
async function file(request) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(request, { ignoreVary: true });
  if (found) return found;
  const response = await fetch(request);
  if (response.status === 200 && response.type === "basic" && RELEASE.files.includes(new URL(request.url).pathname)) {
    await kept.put(request, response.clone());
  }
  return response;
}

/** A page is always the server's; without a server there is one that says so. */
async function fromServer(request, otherwise) {
  try {
    return await fetch(request);
  } catch {
    const kept = await caches.open(KEPT);
    return (await kept.match(otherwise, { ignoreVary: true })) ?? Response.error();
  }
}
