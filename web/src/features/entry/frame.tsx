import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, type Language } from "@/lib/i18n";
import classes from "./entry.module.css";

/** What stands around every page before somebody is signed in. */
export function Frame({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  const { t, i18n } = useTranslation("shell");
  const other: Language = i18n.language === "en" ? "zh-CN" : "en";
  return (
    <div className={classes.page}>
      <main className={classes.card}>
        <div className={classes.brand}>
          <img src="/mark.svg" width={28} height={28} alt="" />
          <span>{t("name")}</span>
        </div>
        <h1 className={classes.title}>{title}</h1>
        {text ? <div className={classes.text}>{text}</div> : null}
        {children}
      </main>
      <button type="button" className={classes.language} lang={other} onClick={() => void chooseLanguage(other)}>
        {t(other === "en" ? "languages.en" : "languages.zh")}
      </button>
    </div>
  );
}
