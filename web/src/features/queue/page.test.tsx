import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Item } from "@/api/queue";
import { show } from "@/testing/render";
import { itemOf } from "@/testing/samples";
import { serve } from "@/testing/server";
import { QueuePage } from "./page";

function studio(items: Item[], more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/models") return { body: { success: true, data: [] } };
    if (request.path !== "/api/library/items") return undefined;
    const wanted = request.query.get("status")?.split(",") ?? [];
    return { body: { data: items.filter((item) => wanted.includes(item.status)), next: null, previous: null, facets: null } };
  });
}

test("an idle installation says what the page is for", async () => {
  studio([]);
  show(QueuePage);

  expect(await screen.findByText("Nothing waits and nothing runs")).toBeTruthy();
});

test("without a reported percentage the elapsed time is shown, never a number nobody said", async () => {
  studio([itemOf({ status: "running", progress: null })]);
  show(QueuePage);

  expect(await screen.findByText(/so far/)).toBeTruthy();
  expect(screen.queryByText(/%/)).toBeNull();
});

test("cancelling says what happens to the money before it is done", async () => {
  const { asked } = studio([itemOf({ status: "running" })], ({ path }) =>
    path.endsWith("/cancel") ? { body: { success: true, data: { id: "video_1", status: "running" } } } : undefined,
  );
  show(QueuePage);

  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(await screen.findByText(/may still bill/)).toBeTruthy();
  expect(asked.some((one) => one.startsWith("POST"))).toBe(false);
  await userEvent.click(screen.getByRole("button", { name: "Cancel it" }));

  expect(asked).toContain("POST /api/queue/video_1/cancel");
});

test("a submission in doubt is decided by its owner, and sending again is not done by itself", async () => {
  let sent: unknown = null;
  const { asked } = studio([itemOf({ status: "unconfirmed" })], ({ path, body }) => {
    if (!path.endsWith("/decision")) return undefined;
    sent = body;
    return { body: { success: true, data: { id: "video_1", status: "running" } } };
  });
  show(QueuePage);

  await userEvent.click(await screen.findByRole("button", { name: "Decide" }));
  await userEvent.type(await screen.findByLabelText("Its id at the provider"), "job-7");
  expect(asked.some((one) => one.startsWith("POST"))).toBe(false);
  await userEvent.click(screen.getByRole("button", { name: "It is there" }));

  expect(sent).toEqual({ decision: "exists", ref: "job-7" });
});
