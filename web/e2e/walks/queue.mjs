// What waits, what needs somebody, and what cancelling does to the money.
import assert from "node:assert/strict";
import { go } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ upstream: ["--no-list"] }, async ({ page, admin, shot }) => {
  const doubtful = await admin.ask("POST", "/v1/videos", { prompt: "A kite [fault:drop_after_accept]", model: "tide-1" });
  await go(page, "Queue");
  const card = page.getByRole("region", { name: "Needs you" }).getByRole("article", { name: "A kite" });
  await card.waitFor();
  await card.getByRole("button", { name: "Decide" }).click();
  await page.getByRole("dialog").getByText("Was it accepted or not?").waitFor();
  await shot("decide");
  await page.getByRole("button", { name: "Give up" }).click();
  await page.getByRole("region", { name: "Ended today" }).getByRole("article", { name: "A kite" }).waitFor();
  assert.equal((await admin.ended(doubtful.id)).status, "failed");

  await admin.ask("POST", "/v1/videos", { prompt: "A long tide [takes:600]", model: "tide-1" });
  const running = page.getByRole("region", { name: "Running" }).getByRole("article", { name: "A long tide" });
  await running.waitFor();
  await page.reload();
  await running.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").getByText("It is already with the provider").waitFor();
  await page.getByRole("button", { name: "Cancel it" }).click();
  await page.getByRole("region", { name: "Ended today" }).getByRole("article", { name: "A long tide" }).waitFor();
});
