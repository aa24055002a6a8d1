// A key for a program is shown once and works; the other sign-in is ended; what is kept about somebody is theirs.
import assert from "node:assert/strict";
import { Client } from "../client.mjs";
import { walk } from "../walk.mjs";

await walk({}, async ({ page, server, shot }) => {
  await page.getByRole("button", { name: "Account of ada" }).click();
  await page.getByRole("link", { name: "Account and keys" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  await page.getByRole("button", { name: "New key" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "What it is for" }).fill("a script");
  await form.getByRole("button", { name: "Make the key" }).click();
  const key = (await form.locator("code").innerText()).trim();
  assert.match(key, /^rg_/);
  await page.keyboard.press("Escape");
  await page.getByText("a script").waitFor();
  assert.ok(!(await page.content()).includes(key), "a key is shown once");
  const asked = () => fetch(`${server.origin}/v1/videos`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal((await asked()).status, 200);

  const elsewhere = new Client(server.origin);
  await elsewhere.ask("POST", "/api/auth/login", { username: "ada", password: "a lighthouse keeper 1", session: "browser" });
  await page.reload();
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByText("Every other sign-in has ended.").waitFor();
  assert.equal((await elsewhere.send("GET", "/api/auth/me")).status, 401);

  const line = page.getByRole("listitem").filter({ hasText: "a script" });
  await line.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Really revoke" }).click();
  await page.getByText("The key is good for nothing any more.").waitFor();
  assert.equal((await asked()).status, 401);
  await shot("account");
});
