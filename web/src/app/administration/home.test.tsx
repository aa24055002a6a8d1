import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { ADA, show } from "@/testing/render";
import { serve } from "@/testing/server";
import { AdminHome } from "./home";

const ALL = { ...ADA, permissions: ["operate", "admin"] };

test("the first page says what needs somebody, and leads there", async () => {
  const findings = [
    { name: "disk", state: "warn", about: "", count: 1 },
    { name: "ready", state: "ok", about: "", count: 0 },
  ];
  serve(() => ({ body: { success: true, data: { findings } } }));
  show(AdminHome, "/", ALL);

  const link = await screen.findByRole("link", { name: /Worth a look: 1/ });
  expect(link.getAttribute("href")).toBe("/admin/health");
  expect(screen.getByRole("link", { name: /^Users/ })).toBeTruthy();
});
