import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type en from "@/locales/en";
import type enFurther from "@/locales/en/further";

export const LANGUAGES = ["en", "zh-CN"] as const;
export type Language = (typeof LANGUAGES)[number];
type First = typeof en;
type Further = typeof enFurther;
export type Words = First & Further;

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

/** Whether somebody chose a language in this browser. */
export function languageWasChosen(): boolean {
  return read(STORED) !== null;
}

async function words(language: Language): Promise<First> {
  const loaded = language === "zh-CN" ? await import("@/locales/zh-CN") : await import("@/locales/en");
  return loaded.default;
}

async function furtherWords(language: Language): Promise<Further> {
  const loaded = language === "zh-CN" ? await import("@/locales/zh-CN/further") : await import("@/locales/en/further");
  return loaded.default;
}

function add(language: Language, texts: Partial<Words>): void {
  for (const [namespace, said] of Object.entries(texts)) i18next.addResourceBundle(language, namespace, said);
}

let further = false;

/** Loads a page together with the words of the pages beyond the first, so that those weigh nothing before. */
export async function withWords<Page>(page: Promise<Page>): Promise<Page> {
  const language = i18next.language as Language;
  if (!further) add(language, await furtherWords(language));
  further = true;
  return page;
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
  add(language, await words(language));
  if (further) add(language, await furtherWords(language));
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
