// Found by Chinese and English words, put in order, thrown away and taken back.
import assert from "node:assert/strict";
import { go } from "../studio.mjs";
import { walk } from "../walk.mjs";

await walk({ upstream: [] }, async ({ page, admin, shot }) => {
  const made = ["海边的灯塔,日落时分", "A lighthouse in the fog", "雨夜的城市街道", "A paper boat"];
  await Promise.all(made.map((prompt) => admin.clip(prompt, { model: "tide-1" })));
  await go(page, "Library");
  const tiles = page.getByRole("article");
  const shows = (count) => page.waitForFunction((n) => document.querySelectorAll("article").length === n, count);
  await shows(4);

  const search = page.getByLabel("Search the library");
  await search.fill("灯塔");
  await shows(1);
  assert.match(await tiles.first().getAttribute("aria-label"), /灯塔/);
  assert.match(decodeURIComponent(page.url()), /q=.*灯塔/, "what is looked for stands in the address");
  await search.fill("夜");
  await page.getByRole("article", { name: "雨夜" }).waitFor();
  await shows(1);
  await page.reload();
  await shows(1);
  await shot("chinese");
  await page.getByLabel("Clear the search").click();
  await shows(4);

  await page.getByRole("article", { name: "A paper boat" }).getByRole("button", { name: "A paper boat" }).first().click();
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByLabel("Name", { exact: true }).fill("纸船");
  await details.getByLabel("Name", { exact: true }).press("Enter");
  await page.getByRole("article", { name: "纸船" }).waitFor();
  await details.getByLabel("Tags", { exact: true }).fill("rain");
  await details.getByLabel("Tags", { exact: true }).press("Enter");
  await details.getByText("rain", { exact: true }).waitFor();
  await details.getByRole("button", { name: "Favourite" }).click();
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Favourites only" }).click();
  await shows(1);
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await shows(4);
  await search.fill("rain");
  await shows(1);
  await search.fill("");
  await shows(4);

  for (const name of ["A lighthouse", "纸船"]) {
    await page
      .getByRole("article", { name })
      .getByRole("button", { name: /^Select/ })
      .click();
  }
  const chosen = page.getByRole("toolbar", { name: "What is selected" });
  await chosen.getByText("2 selected").waitFor();
  await chosen.getByRole("button", { name: "Move", exact: true }).click();
  await page.getByLabel("New folder").fill("Harbour");
  const moved = page.waitForResponse((answer) => answer.url().endsWith("/api/library/bulk") && answer.ok());
  await page.getByRole("button", { name: "Make the folder" }).click();
  await moved;
  await page.getByLabel("New folder").waitFor({ state: "detached" });
  await chosen.getByRole("button", { name: "Move to trash" }).click();
  await shows(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await shows(4);

  await page.getByRole("button", { name: "Folder", exact: true }).click();
  await page.getByRole("menuitem", { name: /Harbour/ }).click();
  await shows(2);
  await page.getByRole("button", { name: "Clear all filters" }).click();

  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Delete everything…" }).click();
  const word = (await page.getByText(/^Type “/).innerText()).match(/“(.+)”/)[1];
  assert.ok(await page.getByRole("button", { name: "Move everything to trash" }).isDisabled(), "it wants to be typed");
  await page.getByLabel(/^Type “/).fill(word);
  await page.getByRole("button", { name: "Move everything to trash" }).click();
  await page.getByText("Nothing here yet").waitFor();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Open the trash" }).click();
  await shows(4);
  await page
    .getByRole("article", { name: "雨夜" })
    .getByRole("button", { name: /^Select/ })
    .click();
  await chosen.getByRole("button", { name: "Restore" }).click();
  await shows(3);
  await page.getByRole("button", { name: "Back to the library" }).click();
  await shows(1);

  const download = page.waitForEvent("download");
  await page
    .getByRole("article")
    .getByRole("button", { name: /^Select/ })
    .click();
  await chosen.getByRole("button", { name: "Download" }).click();
  assert.match((await download).suggestedFilename(), /\.mp4$/);
});
