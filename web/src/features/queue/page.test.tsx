import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { chargeOf } from "@/api/library";
import type { Item, Queue } from "@/api/queue";
import { show } from "@/testing/render";
import { itemOf } from "@/testing/samples";
import { serve } from "@/testing/server";
import { withTold } from "./live";
import { QueuePage } from "./page";

const LANE_OF = {
  unconfirmed: "needs_you",
  running: "running",
  queued: "waiting",
  completed: "done",
  failed: "needs_you",
} as const;
type Known = keyof typeof LANE_OF;

function studio(items: Item[], more: Parameters<typeof serve>[0] = () => undefined, effect = "may_be_charged") {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path !== "/api/library/queue") return undefined;
    const lane = (name: string) => {
      const data = items.filter((item) => LANE_OF[item.status as Known] === name);
      const position = name === "waiting" ? 3 : null;
      return { count: data.length, data: data.map((item) => ({ item, position, cancelling: effect })) };
    };
    const usual = { "reel-1": { p50: 100, p90: 160, source: "measured", clips: 9 } };
    const names = ["waiting", "running", "needs_you", "done"];
    return { body: { ...Object.fromEntries(names.map((name) => [name, lane(name)])), usual } };
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

  expect(await screen.findByText(/than the usual/)).toBeTruthy();
  expect(screen.queryByText(/%/)).toBeNull();
});

test("cancelling says what happens to the money before it is done", async () => {
  const { asked } = studio([itemOf({ status: "running" })], ({ path }) =>
    path.endsWith("/cancel") ? { body: { success: true, data: { id: "video_1", status: "running" } } } : undefined,
  );
  show(QueuePage);

  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(await screen.findByText(/cannot be stopped/)).toBeTruthy();
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

test("who waits is told its place and how long it usually takes", async () => {
  studio([itemOf({ status: "queued" })]);
  show(QueuePage);

  expect(await screen.findByText(/place 3 in line · 9 of 10 within 2 min 40 s/)).toBeTruthy();
});

test("what cancelling does to the money is what the server says of this task", async () => {
  studio([itemOf({ status: "running" })], undefined, "stops");
  show(QueuePage);

  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));

  expect(await screen.findByText(/nothing is charged/)).toBeTruthy();
});

test("money still held for what has ended can be freed, and nothing is sent again", async () => {
  let sent: unknown = null;
  studio([itemOf({ status: "failed", finished_at: 1_700_000_000_000 })], ({ path, body }) => {
    if (!path.endsWith("/decision")) return undefined;
    sent = body;
    return { body: { success: true, data: { id: "video_1", status: "failed" } } };
  });
  show(QueuePage);

  await userEvent.click(await screen.findByRole("button", { name: "Decide" }));
  expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
  await userEvent.click(await screen.findByRole("button", { name: "Free the money" }));

  expect(sent).toEqual({ decision: "give_up", ref: null });
});

test("progress that was told is written into its lane and never goes back", () => {
  const event = (progress: number) =>
    ({
      id: "e",
      type: "video.progress",
      created_at: 0,
      sequence: 1,
      data: { id: "video_1", status: null, progress, error_code: null },
    }) as const;
  const lane = (data: unknown[]) => ({ count: data.length, data });
  const one = { item: itemOf({ status: "running", progress: 40 }), position: null, cancelling: "stops" };
  const queue = { needs_you: lane([]), running: lane([one]), waiting: lane([]), done: lane([]), usual: {} } as unknown as Queue;

  expect(withTold(queue, [event(60)]).running.data[0]?.item.progress).toBe(60);
  expect(withTold(queue, [event(10)])).toBe(queue);
});

test("what was let go is told as the books have it", () => {
  const error = {
    code: "cancelled",
    message: "Stopped.",
    param: null,
    side: "nobody",
    charge: "possible",
    retryable: false,
    next_step: "",
  } as const;
  const cost = (quoted: string, charged: string | null, held: string | null = null) => ({
    currency: "USD",
    quoted,
    charged,
    held,
  });

  expect(chargeOf({ error, cost: cost("0.00", "0.00") })).toBe("none");
  expect(chargeOf({ error, cost: cost("1.20", "0.00") })).toBe("released");
  expect(chargeOf({ error, cost: cost("1.20", null, "1.20") })).toBe("held");
  expect(chargeOf({ error, cost: cost("1.20", "0.00") }, true)).toBe("held");
});
