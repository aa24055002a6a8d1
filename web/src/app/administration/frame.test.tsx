import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { ADA, showAt } from "@/testing/render";
import { AdminFrame } from "./frame";
import { PAGES, pagesFor } from "./nav";

const OPERATOR = { ...ADA, role: "operator" as const, permissions: ["videos:read", "operate"] };
const MEMBER = { ...ADA, role: "member" as const, permissions: ["videos:read", "videos:write"] };
const ALL = { ...ADA, permissions: ["videos:read", "operate", "admin"] };

test("an administrator finds every page, an operator those of an operator, a member none", () => {
  expect(pagesFor(ALL.permissions)).toEqual(PAGES);
  expect(pagesFor(MEMBER.permissions)).toEqual([]);
  const operators = pagesFor(OPERATOR.permissions).map((page) => page.word);
  expect(operators).toContain("channels");
  expect(operators).not.toContain("users");
});

test("every page of the administration leads somewhere", async () => {
  showAt(AdminFrame, "/admin", "/admin", ALL);

  const links = (await screen.findAllByRole("link")).map((link) => link.getAttribute("href"));
  expect(links).toEqual(["/admin", ...PAGES.map((page) => page.to)]);
});

test("somebody who comes by an address that is not open to them is told so, and shown nothing of it", async () => {
  showAt(AdminFrame, "/admin/users", "/admin/users", OPERATOR);

  expect(await screen.findByText("This is not open to you")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Channels" })).toBeNull();
});
