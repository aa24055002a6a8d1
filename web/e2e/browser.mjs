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

export const LOOKS = {
  dark: { theme: "dark" },
  light: { theme: "light" },
  chinese: { theme: "light", language: "zh-CN" },
  chineseDark: { theme: "dark", language: "zh-CN" },
  phone: { theme: "light", size: [390, 844] },
  chinesePhone: { theme: "dark", language: "zh-CN", size: [390, 844] },
};

/**
 * A page that notes what went wrong in it: errors, scripts and styles the policy forbade, questions that popped up.
 * `asked` holds the address of every request it made.
 */
export async function openPage(browser, { client, look = LOOKS.dark, expected = /status of 40[14]/, ...options } = {}) {
  const [width, height] = look.size ?? [1440, 900];
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: look.theme,
    reducedMotion: "reduce",
    acceptDownloads: true,
    ...options,
  });
  if (client) await context.addCookies(client.cookies);
  await context.addInitScript(prepare, [look.language ?? "en", look.theme]);
  const page = await context.newPage();
  const wrong = [];
  const asked = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    // A 401 before the sign-in is how the page learns that there is none.
    if (message.type() === "error" && !expected.test(message.text())) wrong.push(message.text());
  });
  page.on("dialog", (dialog) => {
    wrong.push(`a question popped up: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("request", (request) => asked.push(request.url()));
  page.setDefaultTimeout(Number(process.env.PATIENCE_MS ?? 120_000));
  return { context, page, wrong, asked };
}

/** Runs before the studio in every document. */
function prepare([language, theme]) {
  try {
    localStorage.setItem("reelgate-language", language);
    localStorage.setItem("reelgate-theme", theme);
  } catch {
    // A sandboxed document has no storage.
  }
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`forbidden by the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
  });
}
