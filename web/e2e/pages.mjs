// Every page there is, found by following the rail, so that a new one is looked at without anybody saying so here.

/** The addresses the rail leads to, those of the administration among them, for whoever is signed in on `page`. */
export async function railOf(page) {
  const rail = page.getByRole("navigation", { name: /^(Pages|页面)$/ }).first();
  await rail.waitFor();
  const found = await rail.getByRole("link").evaluateAll((links) => links.map((link) => new URL(link.href).pathname));
  if (!found.includes("/admin")) return [...new Set(found)];
  const before = page.url();
  await page.goto(new URL("/admin", before).href);
  const inside = page.getByRole("navigation", { name: /^(Administration|管理)$/ });
  await inside.waitFor();
  found.push(...(await inside.getByRole("link").evaluateAll((links) => links.map((link) => new URL(link.href).pathname))));
  await page.goto(before);
  return [...new Set(found)];
}

/** Waits until a page shows what it has: nothing is loading, and its type faces and pictures are there. */
export async function settled(page) {
  await page.locator("main").first().waitFor();
  await page.waitForFunction(
    () => document.querySelectorAll('[aria-busy="true"], .mantine-Skeleton-root, .mantine-Loader-root').length === 0,
  );
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => [...document.images].every((image) => image.complete || image.loading === "lazy"));
  // Two frames, so that what was laid out is drawn as well.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** What a page is called in the name of a file. */
export function nameOf(path) {
  return path === "/" ? "create" : path.slice(1).replaceAll("/", "-");
}
