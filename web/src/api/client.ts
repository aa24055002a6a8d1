import createClient, { type Middleware } from "openapi-fetch";
import { Failure, failureOf, unreachable } from "@/lib/failure";
import type { paths } from "./made/schema";

const CSRF_COOKIE = "reelgate_csrf";
let project: string | null = null;

/** Names the project that every later request is about. */
export function sendProject(id: string | null): void {
  project = id;
}

export function currentProject(): string | null {
  return project;
}

/** The token of this sign-in against forged requests, as the server put it beside the sign-in cookie. */
export function csrfToken(cookies = document.cookie): string | null {
  for (const part of cookies.split("; ")) {
    const [name, value] = part.split("=");
    if (name === CSRF_COOKIE && value) return decodeURIComponent(value);
  }
  return null;
}

/** What every request of ours carries beside its own headers. */
export function ourHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {};
  const token = csrfToken();
  if (token && method !== "GET" && method !== "HEAD") headers["X-CSRF-Token"] = token;
  if (project) headers["X-Reelgate-Project"] = project;
  return headers;
}

const ours: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(ourHeaders(request.method))) request.headers.set(name, value);
    return request;
  },
};

// Looked up at each call, so that a page under test can bring its own.
export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  fetch: (request) => globalThis.fetch(request),
});
api.use(ours);

type Answered<T> = { data?: T; error?: unknown; response: Response };

/** Gives the answer, or throws a `Failure` that can be shown to a person. */
export async function answer<T>(asked: Promise<Answered<T>>): Promise<T> {
  let got: Answered<T>;
  try {
    got = await asked;
  } catch (broken) {
    throw broken instanceof Failure ? broken : unreachable(broken);
  }
  if (!got.response.ok) throw failureOf(got.response.status, got.error, got.response.headers);
  return got.data as T;
}

/** Asks an address that has no types yet, in the same manner. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = ourHeaders(method);
  if (body !== undefined && !(body instanceof FormData)) headers["Content-Type"] = "application/json";
  const sent = body === undefined || body instanceof FormData ? body : JSON.stringify(body);
  const asked = fetch(path, { method, headers, body: sent }).then(async (response) => {
    const text = await response.text();
    const read: unknown = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
    return response.ok ? { data: read as T, response } : { error: read, response };
  });
  return answer(asked);
}
