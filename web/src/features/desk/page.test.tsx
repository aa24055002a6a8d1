import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { DeskTask, Doubt } from "@/api/desk";
import { deskTaskOf } from "@/testing/operated";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { DeskPage } from "./page";

const DOUBT: Doubt = {
  id: "video_9",
  object: "doubt",
  status: "unconfirmed",
  project_id: "proj_2",
  user_id: "user_2",
  model: "reel-1",
  channel: "main",
  ref: null,
  held: "1.20",
  currency: "USD",
  disputed: false,
  error: null,
  created_at: 1_700_000_000,
  prompt: null,
  decisions: ["exists", "resend", "give_up"],
};

function studio(tasks: DeskTask[], found: Doubt[] = [], more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const special = more(request);
    if (special) return special;
    if (request.path === "/api/models") return { body: { success: true, data: [] } };
    if (request.path === "/api/admin/inbox") return { body: { data: found, object: "list" } };
    if (request.path !== "/api/admin/queue") return undefined;
    const users = [{ id: "user_2", name: "Bob", tasks: tasks.length }];
    return { body: { data: tasks, next: null, open: { running: tasks.length }, channels: [], users, object: "list" } };
  });
}

test("what others wrote is shown only where the server shows it", async () => {
  studio([deskTaskOf({ id: "video_1" }), deskTaskOf({ id: "video_2", prompt: null })]);
  show(DeskPage);

  expect(await screen.findByText("A ferry in fog")).toBeTruthy();
  expect(screen.getByText("What was asked for is not shown.")).toBeTruthy();
  expect(screen.getAllByText(/Bob in Harbour/)).toHaveLength(2);
});

test("cancelling somebody's task says what happens to the money before it is done", async () => {
  const { asked } = studio([deskTaskOf({ cancelling: "may_be_charged" })], [], ({ path }) =>
    path.endsWith("/cancel") ? { body: { id: "video_1", status: "running", disputed: false } } : undefined,
  );
  show(DeskPage);

  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  const sure = within(await screen.findByRole("dialog"));
  expect(sure.getByText(/cannot be asked to stop/)).toBeTruthy();
  expect(asked.some((one) => one.startsWith("POST"))).toBe(false);
  await userEvent.click(sure.getByRole("button", { name: "Cancel it" }));

  expect(asked).toContain("POST /api/admin/queue/video_1/cancel");
});

test("filters stand in the address and are asked for", async () => {
  const { asked } = studio([deskTaskOf()]);
  const { router } = show(DeskPage, "/?user=user_2");
  await screen.findByText("A ferry in fog");
  await userEvent.click(screen.getByRole("button", { name: /^Waiting/ }));

  expect((router as { state: { location: { search: object } } }).state.location.search).toEqual({
    user: "user_2",
    status: "queued",
  });
  expect(asked).toContain("GET /api/admin/queue?user=user_2&limit=50");
  expect(asked).toContain("GET /api/admin/queue?user=user_2&status=queued&limit=50");
  await userEvent.click(screen.getByRole("button", { name: "Clear the filters" }));
  expect((router as { state: { location: { search: object } } }).state.location.search).toEqual({});
});

test("a submission in doubt is decided with the words the server allows", async () => {
  let sent: unknown = null;
  studio([], [DOUBT], ({ method, body, path }) => {
    if (method !== "POST" || !path.includes("/inbox/")) return undefined;
    sent = body;
    return { body: { id: "video_9", status: "failed", disputed: false } };
  });
  show(DeskPage);

  await userEvent.click(await screen.findByRole("button", { name: "Decide" }));
  await userEvent.click(await screen.findByRole("button", { name: "Give up" }));

  expect(sent).toEqual({ decision: "give_up" });
});

test("money in dispute can only be released", async () => {
  studio([], [{ ...DOUBT, disputed: true, status: "failed", decisions: ["give_up"] }]);
  show(DeskPage);

  await userEvent.click(await screen.findByRole("button", { name: "Decide" }));

  expect(await screen.findByRole("button", { name: "Release" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
});

test("an idle installation says what the page is for", async () => {
  studio([]);
  show(DeskPage);

  expect(await screen.findByText("Nothing waits and nothing runs")).toBeTruthy();
});
