import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type en from "@/locales/en";

export const LANGUAGES = ["en", "zh-CN"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Words = typeof en;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: Words;
    returnNull: false;
  }
}

const STORED = "reelgate-language";

/** The language somebody chose, else the browser's. */
export function preferredLanguage(): Language {
  const stored = read(STORED);
  if (stored === "en" || stored === "zh-CN") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

async function words(language: Language): Promise<Words> {
  const loaded = language === "zh-CN" ? await import("@/locales/zh-CN") : await import("@/locales/en");
  return loaded.default;
}

/** Gets the words of a language ready. */
export async function startI18n(language: Language = preferredLanguage()): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    supportedLngs: [...LANGUAGES],
    defaultNS: "common",
    resources: { [language]: await words(language) },
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  document.documentElement.lang = language;
}

/** Changes the language at once, and for the next visit. */
export async function chooseLanguage(language: Language): Promise<void> {
  for (const [namespace, texts] of Object.entries(await words(language))) {
    i18next.addResourceBundle(language, namespace, texts);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
