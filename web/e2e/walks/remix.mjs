// A clip is used again and remixed; its page draws what came of what, and a branch starts there.
import assert from "node:assert/strict";
import { playing, prompt } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ upstream: [] }, async ({ page, admin, server, shot }) => {
  const first = await admin.clip("A lighthouse at dusk", { model: "tide-1", seed: 7 });

  await page.goto(`${server.origin}/videos/${first.id}`);
  await playing(page);
  await page.getByRole("button", { name: "Use this", exact: true }).click();
  await page.waitForFunction(() => document.querySelector("textarea")?.value === "A lighthouse at dusk");
  await page.getByRole("button", { name: "More", exact: true }).first().click();
  assert.equal(await page.getByLabel("Seed").inputValue(), "7", "the seed comes back too");

  await page.goto(`${server.origin}/videos/${first.id}`);
  await page.getByRole("button", { name: "Remix", exact: true }).click();
  await page.getByText(/^A remix of/).waitFor();
  await prompt(page).fill("The same lighthouse in a storm");
  await page.getByRole("button", { name: /^Generate/ }).click();
  const tile = page.getByRole("article", { name: "The same lighthouse" }).first();
  await tile.getByRole("button", { name: /^Play/ }).waitFor();

  await page.goto(`${server.origin}/videos/${first.id}`);
  await page.getByRole("tab", { name: "Lineage" }).click();
  const step = page.getByRole("listitem").filter({ hasText: "The same lighthouse" });
  await step.waitFor();
  assert.match(await step.innerText(), /Remix · another prompt/, "a step says what it changed");
  await page.waitForFunction(() => document.querySelectorAll(".react-flow__node").length === 2);
  await shot("lineage");
  await page.locator(".react-flow__node", { hasText: "The same lighthouse" }).locator("img, span").first().click();
  await page.getByRole("heading", { name: "The same lighthouse in a storm" }).waitFor();
  await page.getByRole("tab", { name: "Attempts" }).click();
  await page.getByText("At the provider").waitFor();
  await page.getByRole("tab", { name: "Lineage" }).click();
  await page.getByRole("button", { name: "Branch here" }).first().click();
  await page.getByText(/^A remix of/).waitFor();
});
