// A link shows one clip to somebody without an account: after its password, without the prompt, until it is ended.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { playing } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ upstream: [] }, async ({ page, admin, browser, server, shot }) => {
  const clip = await admin.clip("The secret recipe of a storm", { model: "tide-1" });
  await page.goto(`${server.origin}/videos/${clip.id}`);
  await page.getByRole("tab", { name: "Share" }).click();
  const password = page.getByRole("textbox", { name: "Password" });
  await password.fill("tide");
  await page.getByLabel("Hide the prompt").check();
  await page.getByRole("button", { name: "Make a link" }).click();
  const told = page.getByRole("status").filter({ hasText: "Copy it now" });
  const address = (await told.locator("code").innerText()).trim();
  await shot("made");

  const visitor = await openPage(browser, { expected: /status of 40[0134]/ });
  await visitor.page.goto(address);
  await visitor.page.getByText("This clip has a password").waitFor();
  await visitor.page.getByRole("textbox", { name: "Password" }).fill("wrong");
  await visitor.page.getByRole("button", { name: "Show the clip" }).click();
  await visitor.page.getByRole("alert").waitFor();
  await visitor.page.getByRole("textbox", { name: "Password" }).fill("tide");
  await visitor.page.getByRole("button", { name: "Show the clip" }).click();
  await playing(visitor.page);
  const seen = await visitor.page.content();
  assert.ok(!seen.includes("secret recipe"), "a hidden prompt is not even in the page");
  assert.equal((await visitor.context.request.get(`${server.origin}/v1/videos/${clip.id}`)).status(), 401);
  assert.deepEqual(visitor.wrong, []);

  await page.reload();
  await page.getByRole("tab", { name: "Share" }).click();
  await page.getByText("opened 1 time").waitFor();
  await page.getByRole("button", { name: "End this link" }).click();
  await page.getByRole("button", { name: "End this link" }).waitFor({ state: "detached" });
  await visitor.page.goto(address);
  await visitor.page.getByText("This link does not work").waitFor();
  await visitor.context.close();
});
