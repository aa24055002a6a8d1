import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { wishes } from "@/lib/notices";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { AccountPage, browserOf } from "./page";

const NONE = { success: true, data: [], hasMore: false, lastId: null };

const PREFERENCES = {
  language: "auto",
  notifications: {
    toast: true,
    sound: false,
    browser: false,
    mailFinished: false,
    mailFailed: false,
    mailBudget: true,
    mailWebhooks: true,
  },
  mailsSent: true,
};

function studio(more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/account/keys/kinds")
      return { body: { success: true, data: { scopes: ["videos:read", "videos:write"], usual: ["videos:read"] } } };
    if (request.path === "/v1/webhook_endpoints") return { body: { object: "list", data: [] } };
    if (request.path === "/api/account/preferences") return { body: { success: true, data: PREFERENCES } };
    return request.method === "GET" ? { body: NONE } : undefined;
  });
}

test("a key is shown once, and never kept by the page", async () => {
  let wanted: unknown = null;
  studio(({ path, method, body }) => {
    if (path !== "/api/account/keys" || method !== "POST") return undefined;
    wanted = body;
    return { body: { success: true, data: { key: "rg_secret_once", about: {} } } };
  });
  show(AccountPage);

  await userEvent.click(await screen.findByRole("button", { name: "New key" }));
  await userEvent.type(await screen.findByLabelText(/What it is for/), "bot");
  await waitFor(() => expect(screen.getByRole<HTMLButtonElement>("button", { name: "Make the key" }).disabled).toBe(false));
  await userEvent.click(screen.getByRole("button", { name: "Make the key" }));

  expect(await screen.findByText("rg_secret_once")).toBeTruthy();
  expect(wanted).toMatchObject({ name: "bot", scopes: ["videos:read"] });
  expect(JSON.stringify(localStorage)).not.toContain("rg_secret_once");
});

test("a section that cannot be had does not take the others along", async () => {
  studio(({ path }) =>
    path === "/api/account/sessions" ? { status: 503, body: { error: { code: "overloaded", message: "Away." } } } : undefined,
  );
  show(AccountPage);

  expect(await screen.findByText("Away.")).toBeTruthy();
  expect(await screen.findByText(/No key yet/)).toBeTruthy();
});

test("a browser is called as people call it", () => {
  expect(browserOf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")).toBe("Chrome, X11");
  expect(browserOf("curl/8")).toBe("curl/8");
});

const HOOK = {
  id: "we_1",
  name: "bot",
  url: "https://bot.example/hook",
  event_types: ["video.completed"],
  signing_secret_hint: "whsec_…abcd",
  enabled: false,
  disabled_reason: "410",
};

function hooked(sent: [string, unknown][]) {
  return studio(({ path, method, body }) => {
    if (path === "/v1/webhook_event_types") return { body: { data: ["video.completed", "video.failed", "channel.down"] } };
    if (path === "/v1/webhook_endpoints/we_1/deliveries") {
      const one = { id: "dlv_1", event_id: "evt_1", video_id: "video_1", state: "dead", attempts: 3, next_at: null };
      return { body: { data: [{ ...one, last_status: 500, last_error: null, created_at: 1_700_000_000, delivered_at: null }] } };
    }
    if (path === "/v1/webhook_endpoints" && method === "GET") return { body: { data: [HOOK] } };
    if (!path.startsWith("/v1/webhook_endpoints")) return undefined;
    sent.push([path, body]);
    return { body: { ...HOOK, status_code: 204, signing_secret: "whsec_new" } };
  });
}

test("a webhook is tested with one of its events, and a delivery is sent again", async () => {
  const sent: [string, unknown][] = [];
  hooked(sent);
  show(AccountPage);

  await userEvent.click(await screen.findByRole("button", { name: "Test" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "video.completed" }));
  await waitFor(() => expect(sent[0]).toEqual(["/v1/webhook_endpoints/we_1/test", { event_type: "video.completed" }]));

  await userEvent.click(screen.getByRole("button", { name: "Deliveries" }));
  expect(await screen.findByText("Given up · 500")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Send again" }));
  await waitFor(() => expect(sent[1]?.[0]).toBe("/v1/webhook_endpoints/we_1/deliveries/dlv_1/replay"));
});

test("a webhook's events are chosen, and one that was switched off is switched on again", async () => {
  const sent: [string, unknown][] = [];
  hooked(sent);
  show(AccountPage);

  await userEvent.click(await screen.findByRole("button", { name: "Change" }));
  await userEvent.click(await screen.findByLabelText("video.failed"));
  // Events of channels are for those who look after them.
  expect(screen.queryByLabelText("channel.down")).toBeNull();
  await userEvent.click(screen.getAllByRole("button", { name: "Save" }).at(-1) as HTMLElement);
  await waitFor(() =>
    expect(sent[0]).toEqual([
      "/v1/webhook_endpoints/we_1",
      { name: "bot", url: HOOK.url, event_types: ["video.completed", "video.failed"] },
    ]),
  );

  await userEvent.click(screen.getByRole("button", { name: "Switch on" }));
  await waitFor(() => expect(sent).toHaveLength(2));
});

test("a key says what it may do and what programs did with it", async () => {
  const key = {
    id: "key_1",
    name: "bot",
    hint: "wxyz",
    scopes: ["videos:read"],
    models: null,
    budget: null,
    currency: null,
    spent: null,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    usage: { videos: 12, charged: [{ currency: "USD", amount: "3.40" }] },
  };
  studio(({ path }) => (path === "/api/account/keys" ? { body: { ...NONE, data: [key] } } : undefined));
  show(AccountPage);

  expect(await screen.findByText(/videos:read · 12 clips in 30 days · \$3\.40 · never used/)).toBeTruthy();
});

test("what one is told of is kept with the account, and at hand for the next ending", async () => {
  let sent: unknown = null;
  studio(({ path, method, body }) => {
    if (path !== "/api/account/preferences" || method !== "PATCH") return undefined;
    sent = body;
    const notifications = { ...PREFERENCES.notifications, sound: true };
    return { body: { success: true, data: { ...PREFERENCES, notifications } } };
  });
  show(AccountPage);

  await userEvent.click(await screen.findByLabelText("A sound"));

  await waitFor(() => expect(sent).toEqual({ notifications: { sound: true } }));
  await waitFor(() => expect(wishes()).toEqual({ toast: true, sound: true, notices: false }));
  expect(screen.getByLabelText<HTMLInputElement>("A mail when a webhook is switched off").checked).toBe(true);
});
