// Debian's Chromium, driven without a browser of Playwright's own.
import { chromium } from "playwright-core";

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
    ],
  });
}

/** A page that notes what went wrong in it: errors, and scripts the policy forbade. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "dark", ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    // A 401 before the sign-in is how the page learns that there is none.
    if (message.type() === "error" && !/status of 40[14]/.test(message.text())) wrong.push(message.text());
  });
  page.setDefaultTimeout(Number(process.env.PATIENCE_MS ?? 60_000));
  return { context, page, wrong };
}
