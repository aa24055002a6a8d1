import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { checkAudit } from "@/api/installation";
import { Broken } from "@/components/broken";
import { IconAlertTriangle, IconCircleCheck, IconShieldCheck } from "@/components/icons";
import { whole } from "@/lib/format";
import classes from "./audit.module.css";

/** Whether the log is as it was written, from its first entry on. */
export function Chain() {
  const { t, i18n } = useTranslation("audit");
  const check = useMutation({ mutationFn: checkAudit });
  const found = check.data;
  return (
    <section className={classes.chain} aria-label={t("chain.title")}>
      <div className={classes.chainWords} role="status">
        {found?.holds ? (
          <p className={classes.holds}>
            <IconCircleCheck size={17} stroke={1.7} />
            {t("chain.holds", { count: found.entries ?? 0, entries: whole(found.entries ?? 0, i18n.language) })}
          </p>
        ) : null}
        {found && !found.holds ? (
          <p className={classes.breaks}>
            <IconAlertTriangle size={17} stroke={1.7} />
            {t("chain.breaks", { seq: found.breaks_at, why: found.why })}
          </p>
        ) : null}
        {found ? null : <p>{t("chain.text")}</p>}
        {found?.holds && found.head ? <code className={classes.digest}>{t("chain.head", { digest: found.head })}</code> : null}
        {found && !found.holds ? <p>{t("chain.next")}</p> : null}
        {check.error ? <Broken thrown={check.error} compact /> : null}
      </div>
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} />}
        loading={check.isPending}
        onClick={() => check.mutate()}
      >
        {t("chain.check")}
      </Button>
    </section>
  );
}
