// axe over a page as it stands. What it finds serious or critical is grave.
import { createRequire } from "node:module";

const { source } = createRequire(import.meta.url)("axe-core");
const GRAVE = new Set(["serious", "critical"]);

/** Looks at the page as somebody does who hears it or has no mouse; gives what it found, by how grave it is. */
export async function look(page) {
  // Evaluated from outside, so the page's policy against foreign scripts stays as it is.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      nodes: nodes.slice(0, 6).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`.replace(/\s+/g, " ")),
    }));
  });
  return { grave: found.filter((one) => GRAVE.has(one.impact)), minor: found.filter((one) => !GRAVE.has(one.impact)) };
}
