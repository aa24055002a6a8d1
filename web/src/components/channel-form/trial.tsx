import { useTranslation } from "react-i18next";
import type { Trial } from "@/api/channels";
import classes from "./channel-form.module.css";

/** What a test of a channel came to, key by key. */
export function TrialReport({ trial }: { trial: Trial }) {
  const { t } = useTranslation("channels");
  const { report } = trial;
  const missing = report.missing ?? [];
  return (
    <div className={classes.trial} role="status" data-works={trial.works}>
      <p>{t(trial.works ? "trial.works" : "trial.broken")}</p>
      {missing.length > 0 ? <p>{t("trial.missing", { list: missing.join(", ") })}</p> : null}
      {(report.sealed ?? []).map((reason) => (
        <p key={reason}>{reason}</p>
      ))}
      <ul>
        {report.keys.map((key) => (
          <li key={key.key ?? ""}>
            {key.key ? <strong>{key.key} </strong> : null}
            {key.reached ? t(`trial.auth.${key.auth}`) : t("trial.unreached")}
            {key.trouble ? <span className="quiet"> {key.trouble}</span> : null}
          </li>
        ))}
      </ul>
      {trial.clip ? (
        <p className="quiet">{t("trial.paid", { model: trial.clip.model, cost: `${trial.clip.cost} ${trial.clip.currency}` })}</p>
      ) : null}
    </div>
  );
}
