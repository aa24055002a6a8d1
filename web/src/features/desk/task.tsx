import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cancelAnybodys, type DeskTask, deskKeys } from "@/api/desk";
import { allModels } from "@/api/models";
import { useDo } from "@/api/use-do";
import { Confirm } from "@/components/confirm";
import { Progress } from "@/components/progress";
import { ago, money } from "@/lib/format";
import classes from "./desk.module.css";
import { Why } from "./why";

/** One task of anybody: how it stands, and what can be done about it. */
export function Task({ task }: { task: DeskTask }) {
  const { t, i18n } = useTranslation(["desk", "common", "failures"]);
  const [why, setWhy] = useState(false);
  const models = useQuery(allModels);
  const usual = models.data?.find((one) => one.id === task.model)?.video.usual?.p50 ?? null;
  const when = (ms: number) => ago(ms, Date.now(), i18n.language);
  const ended = task.finished_at !== null;
  const facts = [
    t("by", { user: task.user, project: task.project }),
    task.model,
    t("seconds", { count: task.seconds }),
    task.channel ? t("onChannel", { channel: task.channel }) : ended ? null : t("noChannel"),
    task.position === null ? null : t("place", { count: task.position }),
    task.start_after && task.start_after > Date.now() ? t("starts", { when: when(task.start_after) }) : null,
    task.attempts > 1 ? t("attempts", { count: task.attempts }) : null,
    Number(task.held) > 0 && !ended ? t("held", { amount: money(task.held, task.currency, i18n.language) }) : null,
    task.overdue_at && !ended ? t("overdue") : null,
    task.disputed ? t("disputed") : null,
  ];
  return (
    <li className={classes.task} aria-label={task.prompt ?? task.id}>
      <div className={classes.body}>
        <p className={classes.prompt} data-hidden={task.prompt === null || undefined}>
          {task.prompt ?? t("hidden")}
        </p>
        <p className={classes.detail}>{facts.filter(Boolean).join(" · ")}</p>
        <p className={classes.detail}>
          <code>{task.id}</code>
          {task.ref ? <span>{t("ref", { ref: task.ref })}</span> : null}
        </p>
        {task.error ? (
          <p className={classes.error}>
            {task.error.message} <code>{task.error.code}</code>
          </p>
        ) : null}
      </div>
      <div className={classes.state}>
        {ended ? (
          <span data-word={task.status}>
            {t(`common:status.${task.status}`)}
            <span className="faint"> {when(task.finished_at ?? 0)}</span>
          </span>
        ) : (
          <Progress word={task.status} percent={task.progress} sinceMs={task.started_at ?? task.created_at} usual={usual} />
        )}
      </div>
      <div className={classes.actions}>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setWhy(true)}>
          {t("why.open")}
        </Button>
        {task.cancelling === "none" ? null : task.cancel_requested_at === null ? (
          <Cancel task={task} />
        ) : (
          <span className="quiet">{t("asked")}</span>
        )}
      </div>
      {why ? <Why id={task.id} onClose={() => setWhy(false)} /> : null}
    </li>
  );
}

function Cancel({ task }: { task: DeskTask }) {
  const { t } = useTranslation("desk");
  const [open, setOpen] = useState(false);
  const cancel = useDo(() => cancelAnybodys(task.id), deskKeys.all, t("cancel.said"), true);
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        {t("cancel.open")}
      </Button>
      {open ? (
        <Confirm
          title={t("cancel.title", { user: task.user })}
          verb={t("cancel.go")}
          busy={cancel.isPending}
          thrown={cancel.error}
          onYes={() => cancel.mutate(undefined, { onSuccess: () => setOpen(false) })}
          onClose={() => setOpen(false)}
        >
          <p>{task.prompt ?? task.id}</p>
          <p>{t(`cancel.effect.${task.cancelling}`)}</p>
          <p>{t("cancel.stays")}</p>
        </Confirm>
      ) : null}
    </>
  );
}
