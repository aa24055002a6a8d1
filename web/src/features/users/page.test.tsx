import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { User } from "@/api/people";
import { ADA, show } from "@/testing/render";
import { serve } from "@/testing/server";
import { UsersPage } from "./page";

const NONE = { success: true, data: [], hasMore: false, lastId: null };

function userOf(part: Partial<User> = {}): User {
  return {
    id: "user_2",
    userId: "user_2",
    username: "bob",
    name: "Bob",
    email: null,
    role: "member",
    disabled: false,
    hasPassword: true,
    createdAt: "2026-11-01T08:00:00.000Z",
    lastLoginAt: "2026-11-20T08:00:00.000Z",
    signIns: 2,
    seenAt: "2026-11-21T08:00:00.000Z",
    ...part,
  };
}

const ROOT = userOf({ id: "user_1", userId: "user_1", username: "ada", name: "Ada", role: "admin" });

function studio(users: User[], more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.method !== "GET") return undefined;
    const { role, search } = Object.fromEntries(request.query);
    const one = users.find((user) => request.path === `/api/admin/users/${user.id}`);
    if (one) return { body: { success: true, data: { user: one, projects: [], teams: [], providers: [] } } };
    if (request.path !== "/api/admin/users") return { body: NONE };
    const data = users.filter((user) => (!role || user.role === role) && (!search || user.username.includes(search)));
    return { body: { ...NONE, data } };
  });
}

test("users are found by a part of their name, and the address says what was sought", async () => {
  const { asked } = studio([ROOT, userOf()]);
  const { router } = show(UsersPage);
  expect(await screen.findByText("Bob")).toBeTruthy();

  await userEvent.type(screen.getByRole("textbox", { name: /Name, login/ }), "bob");

  // A slow typist is asked about on the way: the last question counts.
  const sought = (line: string) => line.startsWith("GET /api/admin/users?") && line.includes("search=bob");
  await waitFor(() => expect(asked.some(sought)).toBe(true));
  await waitFor(() => expect(screen.queryByText("Ada")).toBeNull());
  expect(router.state.location.search).toMatchObject({ q: "bob" });
});

test("the only administrator can be neither demoted nor shut out, and it is said why", async () => {
  studio([ROOT, userOf()]);
  show(UsersPage, "/?user=user_1");

  const panel = within(await screen.findByRole("dialog", { name: "Ada" }));
  await waitFor(() => expect(panel.getAllByText(/The only administrator/).length).toBe(2));
  expect(panel.getByRole<HTMLInputElement>("combobox", { name: "Role" }).disabled).toBe(true);
  expect(panel.getByRole<HTMLButtonElement>("button", { name: "Disable" }).disabled).toBe(true);
});

test("shutting somebody out names what it does before it is done", async () => {
  let wanted: unknown = null;
  studio([ROOT, userOf()], ({ method, path, body }) => {
    if (method !== "PATCH" || path !== "/api/admin/users/user_2") return undefined;
    wanted = body;
    return { body: { success: true, data: userOf({ disabled: true }) } };
  });
  show(UsersPage, "/?user=user_2");
  const panel = within(await screen.findByRole("dialog", { name: "Bob" }));
  await userEvent.click(await panel.findByRole("button", { name: "Disable" }));

  const sure = within(await screen.findByRole("dialog", { name: "Disable Bob?" }));
  expect(sure.getByText(/Every sign-in ends at once/)).toBeTruthy();
  expect(wanted).toBeNull();
  await userEvent.click(sure.getByRole("button", { name: "Disable" }));

  await waitFor(() => expect(wanted).toEqual({ disabled: true }));
});

test("a link for another password is shown once and kept nowhere", async () => {
  studio([ROOT, userOf()], ({ method, path }) =>
    method === "POST" && path === "/api/admin/users/user_2/reset"
      ? {
          status: 201,
          body: { success: true, data: { id: "link_1", kind: "reset", url: "http://reel.test/reset#s3cret", expiresAt: null } },
        }
      : undefined,
  );
  show(UsersPage, "/?user=user_2");
  await userEvent.click(await screen.findByRole("button", { name: "Make a link" }));
  const sure = within(await screen.findByRole("dialog", { name: "Link for another password" }));
  await userEvent.click(sure.getByRole("button", { name: "Make a link" }));

  expect(await screen.findByText("http://reel.test/reset#s3cret")).toBeTruthy();
  expect(JSON.stringify(localStorage)).not.toContain("s3cret");
});

test("an invitation carries its role and time, and the list says how each one stands", async () => {
  let wanted: unknown = null;
  const invite = {
    id: "link_1",
    role: "viewer",
    teamId: null,
    note: "Carla",
    madeBy: "user_1",
    createdAt: "2026-11-01T08:00:00.000Z",
    expiresAt: "2099-11-01T08:00:00.000Z",
    usedAt: null,
    revokedAt: null,
  };
  studio([ROOT], ({ method, path, body }) => {
    if (path !== "/api/admin/invites") return undefined;
    if (method === "GET")
      return { body: { ...NONE, data: [invite, { ...invite, id: "link_2", note: "Dan", usedAt: invite.createdAt }] } };
    wanted = body;
    return {
      status: 201,
      body: {
        success: true,
        data: {
          invite,
          link: {
            id: "link_1",
            kind: "invite",
            url: "http://reel.test/invite#x1",
            expiresAt: null,
            mail: { address: "eve@example.test", sent: true, reason: null },
          },
        },
      },
    };
  });
  show(UsersPage);
  expect(await screen.findByText(/Viewer · open, ends/)).toBeTruthy();
  expect(screen.getByText(/Viewer · used/)).toBeTruthy();
  expect(screen.getAllByRole("button", { name: "Revoke" }).length).toBe(1);

  await userEvent.click(screen.getByRole("button", { name: "Invite somebody" }));
  await userEvent.type(await screen.findByLabelText("For whom"), "Eve");
  await userEvent.type(screen.getByRole("textbox", { name: "E-mail" }), "eve@example.test");
  await userEvent.click(screen.getByRole("button", { name: "Make the invitation" }));

  expect(await screen.findByText("http://reel.test/invite#x1")).toBeTruthy();
  expect(screen.getByText("Sent to eve@example.test.")).toBeTruthy();
  expect(wanted).toEqual({ note: "Eve", email: "eve@example.test", role: "member", teamId: null, days: 7 });
});

test("where registration is closed nobody is offered an invitation that would not open", async () => {
  studio([ROOT]);
  show(UsersPage, "/", { ...ADA, registration: "closed" });

  expect(await screen.findByText(/an invitation would not open/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Invite somebody" })).toBeNull();
});

test("a list that cannot be had says why and can be asked for again", async () => {
  let broken = true;
  studio([ROOT], ({ path }) =>
    broken && path === "/api/admin/users"
      ? {
          status: 503,
          body: { success: false, message: "Away.", error: { code: "overloaded", message: "Away.", type: "x", param: null } },
        }
      : undefined,
  );
  show(UsersPage);
  expect((await screen.findAllByText("Away.")).length).toBeGreaterThan(0);

  broken = false;
  await userEvent.click(screen.getAllByRole("button", { name: "Try again" })[0]!);

  expect(await screen.findByText("Ada")).toBeTruthy();
});
