import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Changed, historyOf, type Tuned } from "@/api/installation";
import { Broken } from "@/components/broken";
import { Line, Lines } from "@/components/panel";
import { moment } from "@/lib/format";
import { useSaid } from "./said";
import classes from "./settings.module.css";

/** Who changed a setting, when, from what to what; each earlier value can be had again. */
export function SettingHistory({ one, busy, onBack }: { one: Tuned; busy: boolean; onBack: (value: unknown) => void }) {
  const { t, i18n } = useTranslation("settings");
  const said = useSaid(one);
  const found = useQuery(historyOf(one.key));
  const named = (value: unknown) => (value === null ? t("default", { value: said(one.default) }) : said(value));
  const now = one.is_set ? one.value : null;
  if (found.error) return <Broken thrown={found.error} again={() => void found.refetch()} compact />;
  if (found.isPending) return <Skeleton height={52} animate={false} />;
  if (found.data.length === 0) return <p className={classes.none}>{t("neverChanged")}</p>;
  const line = (change: Changed) => (
    <Line
      key={change.id}
      title={t("step", { before: named(change.before), after: named(change.value) })}
      detail={`${change.actor_name || change.actor} · ${moment(change.created_at, i18n.language)}`}
      actions={
        change.before === now ? null : (
          <Button size="compact-sm" variant="default" disabled={busy} onClick={() => onBack(change.before)}>
            {t("revert", { value: named(change.before) })}
          </Button>
        )
      }
    />
  );
  return <Lines>{found.data.map(line)}</Lines>;
}
