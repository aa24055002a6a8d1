import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { known } from "@/lib/failure";

type Part = "what" | "next";

/**
 * Says why something failed, or what to do about it, in the reader's language. The server's own sentence is in
 * English and says it more exactly, so in English it is told as it is.
 */
export function useTold(): (code: string, said: string, part?: Part) => string {
  const { t, i18n } = useTranslation("codes");
  const { language } = i18n;
  return useCallback(
    (code, said, part = "what") => (language === "en" || !known(code) ? said : t(`${code as "overloaded"}.${part}`)),
    [t, language],
  );
}
