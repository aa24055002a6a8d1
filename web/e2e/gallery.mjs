// Pictures of every page in both languages, dark and light, wide and on a phone, to be looked at by people.
import { mkdirSync } from "node:fs";
import { openBrowser } from "./browser.mjs";

const [origin, folder, username, password] = process.argv.slice(2);
const PAGES = { create: "/", queue: "/queue", channels: "/channels", account: "/account" };
const LOOKS = [
  { name: "en-dark", language: "en", theme: "dark", size: [1440, 900] },
  { name: "zh-light", language: "zh-CN", theme: "light", size: [1440, 900] },
  { name: "en-light-phone", language: "en", theme: "light", size: [390, 844] },
  { name: "zh-dark-phone", language: "zh-CN", theme: "dark", size: [390, 844] },
];

mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
let kept;
for (const look of LOOKS) {
  const [width, height] = look.size;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: look.theme, storageState: kept });
  await context.addInitScript(
    ([language, theme]) => {
      localStorage.setItem("reelgate-language", language);
      localStorage.setItem("reelgate-theme", theme);
    },
    [look.language, look.theme],
  );
  const page = await context.newPage();
  if (!kept) {
    await page.goto(`${origin}/login`);
    await page.locator('input[autocomplete="username"]').fill(username);
    await page.locator('input[type="password"]').fill(password);
    await page.keyboard.press("Enter");
    await page.locator("main#page").waitFor();
    kept = await context.storageState();
  }
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(origin + path);
    await page.locator("main#page h1, main#page textarea").first().waitFor();
    await page.waitForLoadState("load");
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${folder}/${name}-${look.name}.png` });
  }
  await context.close();
}
await browser.close();
