// Everybody sees what they may do, and the server refuses the rest whatever a page shows.
import assert from "node:assert/strict";
import { openPage } from "../browser.mjs";
import { railOf } from "../pages.mjs";
import { walk } from "../walk.mjs";

const PAGES = ["Create", "Library", "Queue", "Characters"];
/** What the table of permissions says of each role, tried on one route for every kind of work. */
const TRIES = [
  ["GET", "/v1/videos", undefined, ["viewer", "member", "operator"]],
  ["POST", "/v1/videos", { prompt: "A tide pool" }, ["member", "operator"]],
  ["POST", "/api/library/folders", { name: "Mine" }, ["member", "operator"]],
  ["POST", "/api/account/projects", { name: "Mine" }, ["viewer", "member", "operator"]],
  ["GET", "/api/admin/channels", undefined, ["operator"]],
  ["GET", "/api/admin/inbox", undefined, ["operator"]],
  ["GET", "/api/admin/statistics", undefined, ["operator"]],
  ["GET", "/api/admin/users", undefined, []],
  ["GET", "/api/admin/audit", undefined, []],
  ["GET", "/api/admin/settings", undefined, []],
  ["POST", "/api/admin/invites", { role: "admin" }, []],
  ["POST", "/api/admin/channels", { name: "x", dialect: "animatic", models: {} }, []],
];

await walk({ upstream: [] }, async ({ admin, browser, server }) => {
  const foreign = await admin.clip("Only for the administrator", { model: "tide-1" });
  for (const role of ["viewer", "member", "operator"]) {
    const who = await server.person(admin, `${role}-1`, role);
    for (const [method, path, body, may] of TRIES) {
      const { status } = await who.send(method, path, body);
      assert.equal(status !== 403, may.includes(role), `${role}: ${method} ${path} was answered with ${status}`);
    }
    assert.equal((await who.send("GET", `/v1/videos/${foreign.id}`)).status, 404, "another's clip is not there");
    await looksAround(browser, server, who, role);
  }
});

async function looksAround(browser, server, client, role) {
  const { page, context, wrong } = await openPage(browser, { client, expected: /status of 40[134]/ });
  await page.goto(server.origin);
  const rail = page.getByRole("navigation", { name: "Pages" });
  for (const name of PAGES) await rail.getByRole("link", { name, exact: true }).waitFor();
  const paths = await railOf(page);
  assert.equal(paths.includes("/admin/channels"), role === "operator", `${role} and the channels`);
  for (const path of ["/admin/users", "/admin/teams"]) {
    assert.ok(!paths.includes(path), `${role} is not led to ${path}`);
    await page.goto(server.origin + path);
    await page.getByText("This is not open to you").waitFor();
  }
  await page.goto(`${server.origin}/videos/nothing`);
  await page.getByText("There is no such clip").waitFor();
  if (role === "operator") {
    await page.goto(`${server.origin}/admin/channels`);
    await page.getByRole("article", { name: "Tide" }).getByRole("button", { name: "Test" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Add a channel" }).count(), 0, "only administrators add channels");
    assert.equal(await page.getByRole("button", { name: "Change" }).count(), 0);
  }
  assert.deepEqual(wrong, []);
  await context.close();
}
