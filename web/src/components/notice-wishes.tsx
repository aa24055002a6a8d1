import { Popover, Skeleton, Switch, UnstyledButton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ownPreferences, prefer } from "@/api/preferences";
import { askForNotices } from "@/lib/notices";
import { Broken } from "./broken";
import { IconBell } from "./icons";
import classes from "./notice-wishes.module.css";

const HERE = ["toast", "sound", "browser"] as const;
const MAILS = ["mailFinished", "mailFailed", "mailBudget", "mailWebhooks"] as const;
type Name = (typeof HERE)[number] | (typeof MAILS)[number];

/** Who wants to be told of an ending, and how. Nothing is asked of the browser before somebody wants it. */
export function NoticeWishes({ mails = false }: { mails?: boolean }) {
  const { t } = useTranslation("queue");
  const client = useQueryClient();
  const found = useQuery(ownPreferences);
  const [denied, setDenied] = useState(false);
  const change = useMutation({
    mutationFn: (wish: Partial<Record<Name, boolean>>) => prefer(client, { notifications: wish }),
  });
  const set = async (name: Name, on: boolean) => {
    const granted = name !== "browser" || !on || (await askForNotices());
    setDenied(!granted);
    if (granted) change.mutate({ [name]: on });
  };
  if (found.error) return <Broken thrown={found.error} again={() => void found.refetch()} compact />;
  if (!found.data) return <Skeleton height={96} animate={false} />;
  const now: Record<Name, boolean> = { ...found.data.notifications, ...(change.isPending ? change.variables : {}) };
  const line = (name: Name, description?: string, disabled = false) => (
    <Switch
      key={name}
      size="sm"
      label={t(`tell.${name}`)}
      description={description}
      disabled={disabled}
      checked={now[name]}
      onChange={(event) => void set(name, event.currentTarget.checked)}
    />
  );
  return (
    <div className={classes.tell}>
      {HERE.map((name) => line(name, name === "browser" && denied ? t("tell.denied") : undefined))}
      {mails ? MAILS.map((name) => line(name, undefined, !found.data.mailsSent)) : null}
      {mails && !found.data.mailsSent ? <p className={classes.why}>{t("tell.noMails")}</p> : null}
      {change.error ? <Broken thrown={change.error} compact /> : null}
    </div>
  );
}

/** The same behind a bell. */
export function Bell() {
  const { t } = useTranslation("queue");
  return (
    <Popover position="bottom-end" width={280} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.bell}>
          <IconBell size={16} stroke={1.6} />
          {t("tell.open")}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <NoticeWishes />
      </Popover.Dropdown>
    </Popover>
  );
}
