import { vi } from "vitest";

type Reply = { status?: number; body: unknown };
type Handler = (request: { method: string; path: string; query: URLSearchParams; body: unknown }) => Reply | undefined;

/** Answers the page's requests; what no handler knows is told as a 404, as the server does. */
export function serve(handler: Handler): { asked: string[] } {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input instanceof Request ? input : new URL(String(input), "http://studio.test"), init);
    const url = new URL(request.url);
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    const text = await request.text();
    const body: unknown = text && request.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
    const reply = handler({ method: request.method, path: url.pathname, query: url.searchParams, body });
    const missing = { error: { code: "not_found", message: "Not here.", type: "invalid_request_error", param: null } };
    return new Response(JSON.stringify(reply?.body ?? missing), {
      status: reply ? (reply.status ?? 200) : 404,
      headers: { "content-type": "application/json" },
    });
  });
  return { asked };
}
