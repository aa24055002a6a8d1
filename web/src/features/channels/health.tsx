import { useTranslation } from "react-i18next";
import type { Channel } from "@/api/channels";
import { ago } from "@/lib/format";
import classes from "./channels.module.css";

/** Why a channel or a key rests, since when, and when it is tried again. */
export function Health({ health }: { health: Channel["health"] }) {
  const { t, i18n } = useTranslation("channels");
  const when = (seconds: number) => ago(seconds * 1000, Date.now(), i18n.language);
  return (
    <p className={classes.health} data-state={health.state}>
      <strong>{t(`health.${health.state}`)}</strong>
      {health.why ? <span> {health.why}</span> : null}
      {health.code ? <code> {health.code}</code> : null}
      <span className="quiet">
        {" "}
        {[
          health.since === null ? null : t("health.since", { when: when(health.since) }),
          health.next_try === null ? null : t("health.next", { when: when(health.next_try) }),
          health.failures > 1 ? t("health.failures", { count: health.failures }) : null,
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </p>
  );
}
