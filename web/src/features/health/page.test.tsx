import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Report } from "@/api/installation";
import { ADA, show } from "@/testing/render";
import { serve } from "@/testing/server";
import { HealthPage } from "./page";

function reportOf(part: Partial<Report> = {}): Report {
  return {
    version: "0.1.0",
    python: "3.11.7",
    system: "Linux x86_64",
    role: "all",
    at: 0,
    up_s: 3_700,
    ready: true,
    reasons: [],
    database: { kind: "sqlite", schema: "0005", bytes: 1_000_000 },
    storage: { address: "file:///data/blobs", on_disk: true, files: 12, bytes: 34_000_000 },
    disk: { folder: "/data", free: 3_000_000_000, total: 100_000_000_000 },
    queue: { waiting: 2, under_way: 1, unconfirmed: 1, disputed: 0, waits_s: 75, webhooks_due: 0, webhooks_late_s: 0 },
    channels: [
      {
        id: "c1",
        name: "home",
        dialect: "comfyui",
        switch: "enabled",
        usable: false,
        state: "down",
        why: "No answer.",
        open_tasks: 1,
        concurrency: 4,
      },
    ],
    workers: [],
    readers: 3,
    libraries: [{ name: "msgspec", version: "0.19" }],
    findings: [
      { name: "ready", state: "ok", about: "", count: 0 },
      { name: "disk", state: "warn", about: "", count: 3_000_000_000 },
      { name: "channels", state: "fail", about: "home", count: 1 },
    ],
    ...part,
  };
}

const serveReport = (report: Report, promises: unknown = null) =>
  serve(({ path }) => {
    if (path === "/api/admin/health") return { body: { success: true, data: report } };
    return path === "/api/admin/health/promises" ? { body: { success: true, data: promises } } : undefined;
  });

test("what is broken comes first, with what to do and where", async () => {
  serveReport(reportOf());
  show(HealthPage, "/", { ...ADA, permissions: ["operate", "admin"] });

  const lines = (await screen.findAllByRole("listitem")).map((line) => line.textContent ?? "");
  expect(lines[0]).toContain("Channels that take no tasks: home");
  expect(lines[1]).toContain("Only 3 GB of the disk are free.");
  expect(screen.getByRole("link", { name: "Look at it" }).getAttribute("href")).toBe("/admin/channels");
  expect(screen.getByText(/No answer\./)).toBeTruthy();
});

test("an installation that turns requests away says why before anything else", async () => {
  serveReport(reportOf({ ready: false, reasons: ["The database cannot be written to: OperationalError."] }));
  show(HealthPage);

  expect(await screen.findByText("Not ready: requests are turned away")).toBeTruthy();
  expect(screen.getByText(/OperationalError/)).toBeTruthy();
});

test("promises are checked on request, and what is broken is named", async () => {
  serveReport(reportOf(), { audit_entries: 5, audit_break: null, violations: ["I9 ab12: the row has no file"] });
  show(HealthPage);
  await userEvent.click(await screen.findByRole("button", { name: "Check everything" }));

  expect(await screen.findByText("I9 ab12: the row has no file")).toBeTruthy();
});

test("an operator is not offered the check that only administrators may ask for", async () => {
  serveReport(reportOf());
  show(HealthPage, "/", { ...ADA, role: "operator", permissions: ["operate"] });

  expect(await screen.findByText("Ready")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Check everything" })).toBeNull();
});
