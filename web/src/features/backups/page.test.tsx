import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Backups } from "@/api/installation";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { BackupsPage } from "./page";

const NONE: Backups = { offered: true, folder: "/data/backups", everyH: 24, keep: 7, beganAt: null, failed: null, found: [] };
const ONE: Backups["found"][number] = {
  name: "20261122-130000Z",
  path: "/data/backups/20261122-130000Z",
  automatic: false,
  readable: true,
  createdAt: "2026-11-22T13:00:00.000Z",
  schema: "0005",
  files: 3,
  bytes: 4_200_000,
  copied: true,
  masterKey: "k1",
};

test("the first backup is made from here, and the page says when it is there", async () => {
  let now: Backups = NONE;
  serve(({ method }) => {
    if (method === "POST") now = { ...NONE, beganAt: new Date().toISOString() };
    else if (now.beganAt) now = { ...NONE, found: [ONE] };
    return { status: method === "POST" ? 202 : 200, body: { success: true, data: now } };
  });
  show(BackupsPage);
  expect(await screen.findByText("No backup yet")).toBeTruthy();

  await userEvent.click(screen.getByRole("button", { name: "Back up now" }));

  expect(await screen.findByText(/3 files · 4.2 MB/)).toBeTruthy();
  expect(screen.getByText("reelgate db restore /data/backups/20261122-130000Z --data NEW-FOLDER")).toBeTruthy();
});

test("a backup that failed says why and what to do", async () => {
  const failed = { at: null, finding: "unwritable", about: "No space left on device" };
  serve(() => ({ body: { success: true, data: { ...NONE, failed } } }));
  show(BackupsPage);

  expect(await screen.findByText(/cannot be written to \(No space left on device\)/)).toBeTruthy();
});

test("one that cannot be read is said to be of no use", async () => {
  const broken = { ...ONE, readable: false, createdAt: null, schema: null, masterKey: null };
  serve(() => ({ body: { success: true, data: { ...NONE, found: [broken] } } }));
  show(BackupsPage);

  expect(await screen.findByText(/It cannot be put back/)).toBeTruthy();
});

test("a process that makes none says how it is done instead", async () => {
  serve(() => ({ body: { success: true, data: { ...NONE, offered: false, folder: "", everyH: 0 } } }));
  show(BackupsPage);

  expect(await screen.findByText(/On the machine: reelgate db backup/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Back up now" })).toBeNull();
});
