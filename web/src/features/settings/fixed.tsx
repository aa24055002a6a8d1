import { useTranslation } from "react-i18next";
import type { Fixed } from "@/api/installation";
import { Panel } from "@/components/panel";
import classes from "./settings.module.css";

/** Settings that only another start changes, and where each value comes from. */
export function FixedList({ settings }: { settings: Fixed[] }) {
  const { t, i18n } = useTranslation("settings");
  return (
    <Panel title={t("fixed.title")} text={t("fixed.text")}>
      <ul className={classes.list}>
        {settings.map((one) => (
          <li key={one.name} className={classes.setting}>
            <div className={classes.line}>
              <div className={classes.what}>
                <code className={classes.key}>{one.variable}</code>
                <p className={classes.help}>{i18n.language.startsWith("zh") ? one.help.zh : one.help.en}</p>
              </div>
              <div className={classes.value}>
                <span className={`num ${classes.now}`}>{written(one.value) || t("fixed.none")}</span>
                <span className={classes.default}>{t(`fixed.origin.${one.origin}`)}</span>
              </div>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function written(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
