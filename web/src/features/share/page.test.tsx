import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { showAt } from "@/testing/render";
import { serve } from "@/testing/server";
import { SharePage } from "./page";

const OPEN = {
  locked: false,
  name: null,
  prompt: "A red kite",
  model: "reel-1",
  width: 720,
  height: 1280,
  video: "/api/library/shared/abc/files/video",
  poster: null,
};
const here = () => showAt(SharePage, "/share/$token", "/share/abc");

test("a link shows the clip and what its owner wants told", async () => {
  serve(({ path }) => (path === "/api/library/shared/abc" ? { body: OPEN } : undefined));
  here();

  expect(await screen.findByText("A red kite")).toBeTruthy();
  expect(document.querySelector("video")?.getAttribute("src")).toBe(OPEN.video);
});

test("a hidden prompt is not on the page", async () => {
  serve(({ path }) => (path === "/api/library/shared/abc" ? { body: { ...OPEN, prompt: null, model: null } } : undefined));
  here();

  expect(await screen.findByLabelText("A clip")).toBeTruthy();
  expect(screen.queryByText("A red kite")).toBeNull();
});

test("a password is asked for, and a wrong one is told", async () => {
  serve(({ path, method, body }) => {
    if (path !== "/api/library/shared/abc") return undefined;
    if (method === "GET") return { body: { locked: true } };
    const right = (body as { password: string }).password === "tide";
    if (right) return { body: OPEN };
    return { status: 403, body: { error: { code: "permission_or_channel", message: "This is not the password." } } };
  });
  here();

  await userEvent.type(await screen.findByLabelText("Password"), "wrong");
  fireEvent.click(screen.getByRole("button", { name: "Show the clip" }));
  expect(await screen.findByText("This is not the password.")).toBeTruthy();
  await userEvent.clear(screen.getByLabelText("Password"));
  await userEvent.type(screen.getByLabelText("Password"), "tide");
  fireEvent.click(screen.getByRole("button", { name: "Show the clip" }));

  expect(await screen.findByText("A red kite")).toBeTruthy();
});

test("a link that has ended says so", async () => {
  serve(() => undefined);
  here();

  expect(await screen.findByText("This link does not work")).toBeTruthy();
});
