import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { AuditEntry } from "@/api/installation";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { AuditPage } from "./page";

function entryOf(part: Partial<AuditEntry> = {}): AuditEntry {
  return {
    seq: 1,
    at: 1_760_000_000_000,
    actor: "user_1",
    actor_name: "Ada",
    user_id: "user_1",
    key_id: null,
    address: "127.0.0.1",
    request_id: "req_1",
    action: "POST /api/admin/settings",
    subject: null,
    subject_name: "",
    outcome: "done",
    details: { before: { prompt_max: 5 }, asked: { values: { prompt_max: 7 } } } as never,
    previous: "0".repeat(64),
    digest: "d1".repeat(32),
    ...part,
  };
}

function studio(
  entries: AuditEntry[],
  check: unknown = { holds: true, entries: 2, head: "d2".repeat(32), breaks_at: null, why: null },
) {
  return serve(({ path, query }) => {
    if (path === "/api/admin/audit/check") return { body: check };
    if (path === "/api/admin/users") return { body: { success: true, data: [], hasMore: false, lastId: null } };
    if (path !== "/api/admin/audit") return undefined;
    const data = entries.filter((one) => !query.get("outcome") || one.outcome === query.get("outcome"));
    return { body: { data, has_more: false, last_seq: data.at(-1)?.seq ?? null } };
  });
}

test("an entry says who did what in words, and opens to what was there before", async () => {
  studio([
    entryOf(),
    entryOf({ seq: 2, action: "PATCH /api/strange", outcome: "refused", details: { code: "not_found" } as never }),
  ]);
  show(AuditPage);

  await userEvent.click(await screen.findByRole("button", { name: /Changed settings ?prompt_max/ }));

  const row = (await screen.findByRole("rowheader", { name: "prompt_max" })).parentElement;
  expect(row?.textContent).toBe("prompt_max57");
  expect(screen.getByText("PATCH /api/strange")).toBeTruthy();
  expect(screen.getByText(/refused: not_found/)).toBeTruthy();
});

test("filters are in the address, and in what is taken out", async () => {
  const { asked } = studio([entryOf()]);
  show(AuditPage, "/?outcome=refused&subject=chan_1");

  expect(await screen.findByText("No entry is like that")).toBeTruthy();
  expect(asked.some((line) => line.includes("/api/admin/audit?") && line.includes("outcome=refused"))).toBe(true);
  const csv = screen.getByRole("link", { name: "CSV" }).getAttribute("href");
  expect(csv).toBe("/api/admin/audit?format=csv&subject=chan_1&outcome=refused");
});

test("the chain is verified on request, and the answer says what was found", async () => {
  studio([entryOf()]);
  show(AuditPage);
  await userEvent.click(await screen.findByRole("button", { name: "Verify the chain" }));
  expect(await screen.findByText(/The chain holds: 2 entries/)).toBeTruthy();
});

test("a chain that breaks says where, and what to do", async () => {
  studio([entryOf()], { holds: false, breaks_at: 3, why: "entry 3 is missing", entries: null, head: null });
  show(AuditPage);
  await userEvent.click(await screen.findByRole("button", { name: "Verify the chain" }));

  expect(await screen.findByText("The chain breaks at entry 3: entry 3 is missing.")).toBeTruthy();
  expect(screen.getByText(/find out who can write to the database/)).toBeTruthy();
});

test("what somebody typed as a name is text, whatever it looks like", async () => {
  studio([entryOf({ actor_name: "<img src=x onerror=alert(1)>" })]);
  show(AuditPage);

  await waitFor(() => expect(screen.getByText("<img src=x onerror=alert(1)>")).toBeTruthy());
  expect(document.querySelector("img")).toBeNull();
});
