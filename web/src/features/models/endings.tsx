import { useTranslation } from "react-i18next";
import type { Ending } from "@/api/operated";
import { Panel } from "@/components/panel";
import { type Draft, HeirList } from "./aliases";
import classes from "./models.module.css";
import { Sunset } from "./sunset";

/** Models that end, and what here could follow them. */
export function Endings({ endings, onEdit }: { endings: Ending[]; onEdit: (draft: Draft) => void }) {
  const { t } = useTranslation("models");
  if (endings.length === 0) return null;
  return (
    <Panel title={t("endings.title")} text={t("endings.text")}>
      <ul className={classes.endings}>
        {endings.map((one) => (
          <li key={`${one.model} ${one.channel}`}>
            <div className={classes.ending}>
              <span>{t("endings.on", { model: one.model, channel: one.channel })}</span>
              <Sunset ends={one.sunset} />
            </div>
            <p className={classes.detail}>{one.alias ? t("endings.followed", { model: one.alias }) : t("endings.lost")}</p>
            {one.alias ? null : one.heirs.length > 0 ? (
              <>
                <p className={classes.detail}>{t("endings.fit")}</p>
                <HeirList
                  heirs={one.heirs}
                  word={(model) => t("endings.stand", { model })}
                  onUse={(model) => onEdit({ name: one.model, model, fixed: true })}
                />
              </>
            ) : (
              <p className={classes.detail}>{t("endings.noHeir")}</p>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
