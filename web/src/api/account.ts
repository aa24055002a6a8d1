import { queryOptions } from "@tanstack/react-query";
import { answer, api, ask } from "./client";
import type { Answer, Body } from "./types";

export type Key = Answer<"/api/account/keys", "get">["data"][number];
export type NewKey = Body<"/api/account/keys", "post">;
export type SignIn = Answer<"/api/account/sessions", "get">["data"][number];
export type Hook = {
  id: string;
  name: string;
  url: string;
  event_types: string[];
  signing_secret_hint: string;
  enabled: boolean;
  disabled_reason: string | null;
  signing_secret?: string;
};
export type Delivery = {
  id: string;
  event_id: string;
  video_id: string | null;
  state: string;
  attempts: number;
  next_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  delivered_at: number | null;
};

export const accountKeys = {
  keys: ["account", "keys"] as const,
  kinds: ["account", "kinds"] as const,
  sessions: ["account", "sessions"] as const,
  hooks: ["account", "hooks"] as const,
  events: ["account", "events"] as const,
  deliveries: (id: string) => ["account", "deliveries", id] as const,
};

export const ownKeys = queryOptions({
  queryKey: accountKeys.keys,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/account/keys", { signal }))).data,
});

export const kindsOfKeys = queryOptions({
  queryKey: accountKeys.kinds,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/account/keys/kinds", { signal }))).data,
});

/** Makes a key; the answer is the only time it is shown. */
export async function makeKey(body: NewKey): Promise<string> {
  return (await answer(api.POST("/api/account/keys", { body }))).data.key;
}

export async function revokeKey(id: string): Promise<void> {
  await answer(api.DELETE("/api/account/keys/{key_id}", { params: { path: { key_id: id } } }));
}

export const ownSessions = queryOptions({
  queryKey: accountKeys.sessions,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/account/sessions", { signal }))).data,
});

export async function endSession(id: string): Promise<void> {
  await answer(api.DELETE("/api/account/sessions/{session_id}", { params: { path: { session_id: id } } }));
}

export async function endOtherSessions(): Promise<void> {
  await answer(api.DELETE("/api/account/sessions"));
}

export async function describe(body: Body<"/api/account/profile", "patch">): Promise<void> {
  await answer(api.PATCH("/api/account/profile", { body }));
}

export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  await answer(api.POST("/api/auth/change-password", { body: { currentPassword, newPassword } }));
}

export const EXPORT = "/api/account/export";
export const LIBRARY_EXPORT = "/api/library/export";

export const ownHooks = queryOptions({
  queryKey: accountKeys.hooks,
  queryFn: async () => (await ask<{ data: Hook[] }>("GET", "/v1/webhook_endpoints")).data,
});

const hookPath = (id: string) => `/v1/webhook_endpoints/${encodeURIComponent(id)}`;

export async function makeHook(body: HookWish): Promise<Hook> {
  return ask<Hook>("POST", "/v1/webhook_endpoints", body);
}

export async function deleteHook(id: string): Promise<void> {
  await ask("DELETE", hookPath(id));
}

/** What receivers can be told of. */
export const kindsOfEvents = queryOptions({
  queryKey: accountKeys.events,
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async () => (await ask<{ data: string[] }>("GET", "/v1/webhook_event_types")).data,
});

export type HookWish = { name: string; url: string; event_types: string[] };

/** Changes an endpoint; one that was switched off is tried again. */
export async function changeHook(id: string, body: HookWish): Promise<Hook> {
  return ask<Hook>("POST", hookPath(id), body);
}

/** Gives an endpoint a new secret; the old one signs along for a day. */
export async function renewSecret(id: string): Promise<Hook> {
  return ask<Hook>("POST", `${hookPath(id)}/rotate_secret`, { keep_old_secret_active_for_24_hours: true });
}

/** Sends a sample; gives the status its receiver answered with. */
export async function testHook(id: string, eventType: string): Promise<number> {
  return (await ask<{ status_code: number }>("POST", `${hookPath(id)}/test`, { event_type: eventType })).status_code;
}

export const deliveriesOf = (id: string) =>
  queryOptions({
    queryKey: accountKeys.deliveries(id),
    queryFn: async () => (await ask<{ data: Delivery[] }>("GET", `${hookPath(id)}/deliveries`)).data,
  });

export async function replayDelivery(hook: string, id: string): Promise<void> {
  await ask("POST", `${hookPath(hook)}/deliveries/${encodeURIComponent(id)}/replay`);
}
