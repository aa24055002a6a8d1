import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { ADA, show } from "@/testing/render";
import { serve } from "@/testing/server";
import { Shell } from "./shell";

type Request = Parameters<Parameters<typeof serve>[0]>[0];

function signedIn(
  part: object = {},
  more: (request: Request) => { status?: number; body: unknown } | undefined = () => undefined,
) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/auth/me") return { body: { success: true, data: { ...ADA, ...part } } };
    return undefined;
  });
}

async function rail() {
  return within(await screen.findByRole("navigation", { name: "Pages" }));
}

test("everybody is led to what they may use, and only those who look after it to the administration", async () => {
  signedIn({ role: "viewer", permissions: ["videos:read"] });
  show(Shell);

  const pages = await rail();
  for (const name of ["Create", "Library", "Queue", "Characters"]) expect(pages.getByRole("link", { name })).toBeTruthy();
  expect(pages.queryByRole("link", { name: "Admin" })).toBeNull();
});

test("an operator is led to the administration too", async () => {
  signedIn({ role: "operator", permissions: ["videos:read", "operate"] });
  show(Shell);

  expect((await rail()).getByRole("link", { name: "Admin" })).toBeTruthy();
});

test("without a line to the server the page says so and asks for itself", async () => {
  signedIn();
  show(Shell);

  expect(await screen.findByText(/^(Reconnecting|Polling)$/)).toBeTruthy();
});

test("the menu of the account tells who is signed in and leads out", async () => {
  const { asked } = signedIn({}, ({ path }) =>
    path === "/api/auth/logout" ? { body: { success: true, data: null } } : undefined,
  );
  show(Shell);

  fireEvent.click(await screen.findByRole("button", { name: "Account of Ada" }));
  expect(await screen.findByText("Administrator")).toBeTruthy();
  fireEvent.click(await screen.findByText("Sign out"));

  await waitFor(() => expect(asked).toContain("POST /api/auth/logout"));
});

test("whoever is not signed in is sent to the sign-in, with the way back", async () => {
  serve(({ path }) =>
    path === "/api/auth/me" ? { status: 401, body: { error: { code: "unauthorized", message: "no" } } } : undefined,
  );
  const { router } = show(Shell, "/queue");

  await waitFor(() => expect(router.state.location.href).toContain("/login?next=%2Fqueue"));
});
