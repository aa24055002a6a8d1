import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { InvitePage } from "./invite";
import { ResetPage } from "./reset";
import { SetupPage } from "./setup";

type Request = Parameters<Parameters<typeof serve>[0]>[0];

function linked(kind: string, more: (request: Request) => { status?: number; body: unknown } | undefined = () => undefined) {
  window.history.replaceState(null, "", "/link#a-token");
  const opening = { kind, role: "member", team: "Harbour", username: "grace", expiresAt: null };
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/auth/link") return { body: { success: true, data: opening } };
    if (request.path === "/api/auth/me") return { status: 401, body: { error: { code: "unauthorized", message: "no" } } };
    return undefined;
  });
}

async function choose(password: string) {
  const [first, second] = [
    await screen.findByLabelText(/^Password \*|^Password$/, { selector: "input" }),
    screen.getByLabelText(/once more/, { selector: "input" }),
  ];
  await userEvent.type(first, password);
  await userEvent.type(second, password);
}

test("the first run makes the administrator by the link, and goes on with language and theme", async () => {
  let sent: unknown;
  linked("setup", ({ path, body }) => {
    if (path !== "/api/auth/setup") return undefined;
    sent = body;
    return { body: { success: true, data: {} } };
  });
  show(SetupPage, "/setup");

  await userEvent.type(await screen.findByLabelText(/^Name to sign in with/), "ada");
  await choose("a lighthouse keeper 1");
  await userEvent.click(screen.getByRole("button", { name: "Make the account" }));

  expect(await screen.findByRole("button", { name: "Carry on" })).toBeTruthy();
  expect(sent).toMatchObject({ username: "ada", token: "a-token", session: "browser" });
  await userEvent.click(screen.getByRole("button", { name: "Carry on" }));
  expect(await screen.findByText(/not a generative model/)).toBeTruthy();
});

test("a link that is not good any more says whom to ask, and makes no account", async () => {
  const { asked } = linked("setup", ({ path }) =>
    path === "/api/auth/link" ? { status: 404, body: { error: { code: "not_found", message: "no" } } } : undefined,
  );
  show(SetupPage, "/setup");

  expect(await screen.findByText("This link is not good any more")).toBeTruthy();
  expect(asked.some((one) => one.includes("/api/auth/setup"))).toBe(false);
});

test("an invitation says what one will be and in which team; two passwords that differ are not sent", async () => {
  const { asked } = linked("invite");
  show(InvitePage, "/invite");

  expect(await screen.findByText(/You will be: Member.*In the team Harbour/)).toBeTruthy();
  await userEvent.type(screen.getByLabelText(/^Password \*|^Password$/, { selector: "input" }), "one password of mine");
  await userEvent.type(screen.getByLabelText(/once more/, { selector: "input" }), "another one of mine");

  expect(await screen.findByText("The two are not the same.")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Make the account" }).disabled).toBe(true);
  expect(asked.some((one) => one.includes("register"))).toBe(false);
});

test("another password is chosen for the account the link names", async () => {
  let sent: unknown;
  linked("reset", ({ path, body }) => {
    if (path !== "/api/auth/reset-password") return undefined;
    sent = body;
    return { body: { success: true, data: {} } };
  });
  show(ResetPage, "/reset");

  expect(await screen.findByText(/For grace/)).toBeTruthy();
  await choose("a new lighthouse 22");
  await userEvent.click(screen.getByRole("button", { name: "Choose it" }));

  expect(await screen.findByText(/The password is changed/)).toBeTruthy();
  await waitFor(() => expect(sent).toMatchObject({ token: "a-token", password: "a new lighthouse 22" }));
});
