import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { AccountPage, browserOf } from "./page";

const NONE = { success: true, data: [], hasMore: false, lastId: null };

function studio(more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/account/keys/kinds")
      return { body: { success: true, data: { scopes: ["videos:read", "videos:write"], usual: ["videos:read"] } } };
    if (request.path === "/v1/webhook_endpoints") return { body: { object: "list", data: [] } };
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
