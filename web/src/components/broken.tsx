import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { asFailure, known } from "@/lib/failure";
import classes from "./broken.module.css";
import { IconAlertTriangle, IconRefresh } from "./icons";

/** What happened, whose side it is on, whether money was touched, and the button that helps. */
export function Broken({ thrown, again, compact = false }: { thrown: unknown; again?: () => void; compact?: boolean }) {
  const { t } = useTranslation("failures");
  const failure = asFailure(thrown);
  const entry = known(failure.code);
  const offline = failure.code === "unreachable";
  return (
    <div className={classes.broken} data-compact={compact || undefined} role="alert">
      <IconAlertTriangle className={classes.icon} size={18} stroke={1.6} aria-hidden="true" />
      <div className={classes.body}>
        <p className={classes.what}>{offline ? t("unreachable") : failure.message}</p>
        {entry ? (
          <p className={classes.facts}>
            {t(`side.${entry.side}`)} {t(`charge.${entry.charge}`)} <code>{failure.code}</code>
          </p>
        ) : null}
        {failure.requestId && !entry ? <p className={classes.facts}>{t("request", { id: failure.requestId })}</p> : null}
      </div>
      {again ? (
        <Button size="compact-sm" variant="default" leftSection={<IconRefresh size={14} />} onClick={again}>
          {t("again")}
        </Button>
      ) : null}
    </div>
  );
}
