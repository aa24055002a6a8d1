import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Statistics } from "@/api/statistics";
import { statisticsOf } from "@/testing/operated";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { segments } from "./charts";
import { StatisticsPage } from "./page";
import { dayText, rangeOf } from "./range";
import { roundTop, slotsOf } from "./scale";

function studio(part: Partial<Statistics> = {}) {
  return serve(({ path }) => (path === "/api/admin/statistics" ? { body: { data: statisticsOf(part) } } : undefined));
}

test("figures are shown with a table beside every picture", async () => {
  studio();
  show(StatisticsPage);

  expect((await screen.findAllByText("66.7%")).length).toBe(3);
  expect(screen.getByRole("img", { name: /How many tasks, and how did they end\? 3 tasks/ })).toBeTruthy();
  const twins = screen.getAllByText("The same as a table");
  expect(twins.length).toBeGreaterThanOrEqual(3);
  await userEvent.click(twins[0] as HTMLElement);
  const table = within(screen.getByRole("table", { name: "How many tasks, and how did they end?" }));
  expect(table.getAllByRole("row")).toHaveLength(3);
  expect(within(screen.getByRole("table", { name: /providers refuse/ })).getByText("rate_limited")).toBeTruthy();
  expect(screen.getByText("400 ms · 800 ms · 1 s")).toBeTruthy();
  expect(screen.getAllByText("3.5")).toHaveLength(3);
});

test("a time without tasks says so and offers the next step", async () => {
  const none = {
    name: "all",
    tasks: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    open: 0,
    success_rate: null,
    polls: 0,
    polls_per_clip: null,
  };
  studio({ whole: { ...none, waiting_ms: null, rendering_ms: null }, steps: [], by_model: [], by_channel: [], errors: [] });
  show(StatisticsPage);

  expect(await screen.findByText("Nothing was asked for in this time")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Make a clip" })).toBeTruthy();
});

test("the stretch stands in the address and in the file that is downloaded", async () => {
  const { asked } = studio();
  const { router } = show(StatisticsPage, "/?range=own&from=2026-11-01&to=2026-11-02");
  await screen.findAllByText("66.7%");

  const from = new Date("2026-11-01T00:00:00").getTime() / 1000;
  const to = new Date("2026-11-03T00:00:00").getTime() / 1000;
  expect(asked).toContain(`GET /api/admin/statistics?from=${from}&to=${to}`);
  expect(screen.getByRole("link", { name: "Download CSV" }).getAttribute("href")).toBe(
    `/api/admin/statistics?format=csv&from=${from}&to=${to}`,
  );
  await userEvent.click(screen.getByText("30 days"));
  expect((router as { state: { location: { search: object } } }).state.location.search).toEqual({ range: "30d" });
});

test("a refusal is shown with a button to try again", async () => {
  serve(() => ({ status: 503, body: { error: { code: "overloaded", message: "Too much.", type: "x", param: null } } }));
  show(StatisticsPage);

  expect(await screen.findByText("Too much.")).toBeTruthy();
});

test("a stretch that is none is the last seven days, and a long one is cut at a year", () => {
  const now = new Date("2026-11-22T12:00:00").getTime();
  const week = { name: "7d", from: now / 1000 - 7 * 86_400, to: undefined };

  expect(rangeOf({}, now)).toEqual(week);
  expect(rangeOf({ range: "yesterday" }, now)).toEqual(week);
  expect(rangeOf({ range: "own", from: "2026-11-09", to: "2026-11-01" }, now)).toEqual({ ...week, name: "own" });
  const long = rangeOf({ range: "own", from: "2020-01-01", to: "2026-11-01" }, now);
  expect((long.to ?? 0) - long.from).toBe(366 * 86_400);
  expect(dayText(now)).toBe("2026-11-22");
});

test("time is drawn evenly, with gaps where nothing ended", () => {
  const { steps, step_ms, since, until } = statisticsOf();
  const slots = slotsOf(steps, step_ms, since, until);

  expect(slots.map((slot) => slot.tasks)).toEqual([2, 0, 1]);
  expect(slots.map((slot) => slot.rate)).toEqual([1, null, 0]);
  expect(segments(slots)).toEqual([[0], [2]]);
  expect([0, 3, 7, 12, 450, 99_000].map(roundTop)).toEqual([4, 4, 8, 20, 500, 100_000]);
});
