import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { LoginPage, safeNext } from "./login";

const STATE = { success: true, data: { firstRun: false, registration: "invite", oidc: [], languages: ["en", "zh-CN"] } };

test("a wrong password is said in words, and what was typed stays", async () => {
  serve(({ path }) => {
    if (path === "/api/auth/state") return { body: STATE };
    if (path === "/api/auth/login") return { status: 401, body: { error: { code: "invalid_api_key", message: "no" } } };
    return undefined;
  });
  show(LoginPage, "/login");

  await userEvent.type(await screen.findByLabelText(/^Name/), "ada");
  await userEvent.type(screen.getByLabelText(/^Password/, { selector: "input" }), "wrong horse");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));

  expect((await screen.findByRole("alert")).textContent).toContain("do not go together");
  expect(screen.getByLabelText<HTMLInputElement>(/^Name/).value).toBe("ada");
});

test("whoever forgot their password is told the same whatever name they write", async () => {
  const { asked } = serve(({ path }) => {
    if (path === "/api/auth/state") return { body: { ...STATE, data: { ...STATE.data, resets: true } } };
    if (path === "/api/auth/forgot-password") return { body: { success: true, data: {} } };
    return undefined;
  });
  show(LoginPage, "/login");

  const forgot = await screen.findByRole("button", { name: "Forgot your password?" });
  await userEvent.click(forgot);
  expect((await screen.findByRole("status")).textContent).toContain("first");
  expect(asked.some((one) => one.includes("forgot-password"))).toBe(false);
  await userEvent.type(screen.getByLabelText(/^Name/), "ada");
  await userEvent.click(forgot);

  expect((await screen.findByText(/If there is an account/)).textContent).toContain("once");
});

test("no link is offered where none is sent", async () => {
  serve(({ path }) => (path === "/api/auth/state" ? { body: STATE } : undefined));
  show(LoginPage, "/login");

  await screen.findByLabelText(/^Name/);
  expect(screen.queryByText(/Forgot/)).toBeNull();
});

test("before the first administrator the page says where the link is", async () => {
  serve(({ path }) => (path === "/api/auth/state" ? { body: { ...STATE, data: { ...STATE.data, firstRun: true } } } : undefined));
  show(LoginPage, "/login");

  expect(await screen.findByText(/one-time link/)).toBeTruthy();
});

test("a sign-in leads to our own pages alone", () => {
  expect(safeNext("/queue?lane=done")).toBe("/queue?lane=done");
  for (const far of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", undefined]) {
    expect(safeNext(far)).toBe("/");
  }
});
