import { useTranslation } from "react-i18next";
import type { Tuned } from "@/api/installation";
import { inWords } from "./units";

/** Says a value in words: what stands for no limit, on and off, nothing. */
export function useSaid(one: Pick<Tuned, "kind" | "unlimited">): (value: unknown) => string {
  const { t, i18n } = useTranslation("settings");
  return (value) => {
    if (value === true || value === false) return t(value ? "on" : "off");
    if (value === 0 && one.unlimited) return t("unlimited");
    return (inWords(one, value, i18n.language) ?? String(value ?? "")) || t("empty");
  };
}
