import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { known } from "@/lib/failure";

/**
 * Says why something failed in the reader's language. The server's own sentence is in English and says it more
 * exactly, so in English it is told as it is.
 */
export function useTold(): (code: string, message: string) => string {
  const { t, i18n } = useTranslation("codes");
  const { language } = i18n;
  return useCallback(
    (code, message) => (language === "en" || !known(code) ? message : t(`${code as "overloaded"}.what`)),
    [t, language],
  );
}
