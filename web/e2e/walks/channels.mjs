// The form of a channel is drawn from what its dialect says; the channel is tried, used, paused, drained and deleted.
import assert from "node:assert/strict";
import { Upstream } from "../server.mjs";
import { chooseModel, generate, go, goAdmin } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({}, async ({ page, admin, shot }) => {
  const upstream = await new Upstream("--key", "sk-tide").start();
  try {
    await goAdmin(page, "Channels");
    await page.getByRole("button", { name: "Add a channel" }).first().click();
    const form = page.getByRole("dialog");
    const kind = form.getByRole("combobox", { name: "Way of speaking" }).or(form.getByLabel("Way of speaking"));
    await kind.first().fill("comfyui");
    await page.getByRole("option", { name: "comfyui", exact: true }).click();
    await form.getByLabel(/^Address/).waitFor();
    const drawn = await form.getByRole("textbox").count();
    await kind.first().fill("openai_videos");
    await page.getByRole("option", { name: "openai_videos", exact: true }).click();
    assert.ok(drawn > 0);
    await form.getByRole("textbox", { name: "Name" }).fill("Tide");
    await form.getByLabel(/^Address/).fill(upstream.address);
    await form.getByLabel("Key", { exact: true }).fill("sk-wrong");
    await form.getByLabel(/^Models/).fill("tide-1 = sim-1");
    await form.getByLabel("Runs on machines of ours").check();
    await shot("form");
    await form.getByRole("button", { name: "Save" }).click();
    const card = page.getByRole("article", { name: "Tide" });
    await card.waitFor();
    assert.ok(!(await page.content()).includes("sk-wrong"), "a key goes in and never comes out");

    await card.getByRole("button", { name: "Test" }).click();
    await card.getByText("It does not work as it is.").waitFor();
    await card.getByRole("button", { name: "Change" }).click();
    await form.getByLabel("Key", { exact: true }).fill("sk-tide");
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "detached" });
    await card.getByRole("button", { name: "Test" }).click();
    await card.getByText(/^It answers/).waitFor();

    await go(page, "Create");
    await chooseModel(page, "tide-1");
    const tile = await generate(page, "A tide pool");
    await tile.getByRole("button", { name: /^Play/ }).waitFor();

    await goAdmin(page, "Channels");
    await card.getByRole("button", { name: "Drain" }).click();
    await card.getByText("Draining").waitFor();
    await card.getByRole("button", { name: "Resume" }).click();
    await card.getByText("Takes tasks").waitFor();
    await card.getByRole("button", { name: "Pause" }).click();
    await card.getByText("Paused").waitFor();
    await card.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Really delete" }).click();
    await card.waitFor({ state: "detached" });
    const left = await admin.ask("GET", "/api/admin/channels");
    assert.ok(!left.data.some((one) => one.name === "Tide"));
  } finally {
    await upstream.close();
  }
});
