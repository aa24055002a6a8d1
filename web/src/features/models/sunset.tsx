import { useTranslation } from "react-i18next";
import type { OperatedModel } from "@/api/operated";
import { IconAlertTriangle, IconCalendarEvent } from "@/components/icons";
import classes from "./models.module.css";

export type Ends = Pick<NonNullable<OperatedModel["sunset"]>, "day" | "days_left" | "state">;

/** Says when something ends, louder the nearer it is. */
export function Sunset({ ends }: { ends: Ends }) {
  const { t } = useTranslation("models");
  const Icon = ends.state === "announced" ? IconCalendarEvent : IconAlertTriangle;
  const said =
    ends.state === "ending"
      ? t("sunset.ending", { day: ends.day, count: ends.days_left })
      : t(`sunset.${ends.state}`, { day: ends.day });
  return (
    <span className={classes.sunset} data-state={ends.state}>
      <Icon size={14} stroke={1.7} aria-hidden="true" />
      {said}
    </span>
  );
}
