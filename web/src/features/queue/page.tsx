import { Button, Modal, Skeleton, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allModels } from "@/api/models";
import { cancelTask, type Decision, decideTask, type Item, LANE_NAMES, type LaneName, lane, queueKeys } from "@/api/queue";
import { contentUrl } from "@/api/videos";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconListCheck } from "@/components/icons";
import { Progress } from "@/components/progress";
import { asFailure } from "@/lib/failure";
import { ago } from "@/lib/format";
import { Bell } from "./bell";
import classes from "./queue.module.css";

/** Everything that waits, runs, needs somebody, or ended within a day. */
export function QueuePage() {
  const { t } = useTranslation("queue");
  const needs = useQuery(lane("needs"));
  const running = useQuery(lane("running"));
  const waiting = useQuery(lane("waiting"));
  const done = useQuery(lane("done"));
  const lanes = { needs, running, waiting, done };
  const all = Object.values(lanes);
  const nothing = all.every((one) => one.data?.data.length === 0);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1 className={classes.title}>{t("title")}</h1>
        <Bell />
      </header>
      {nothing ? (
        <Empty
          icon={IconListCheck}
          title={t("none")}
          action={
            <Button component={Link} to="/">
              {t("create")}
            </Button>
          }
        >
          {t("noneText")}
        </Empty>
      ) : (
        <div className={classes.lanes}>
          {LANE_NAMES.map((name) => (
            <Lane key={name} name={name} asked={lanes[name]} />
          ))}
        </div>
      )}
    </div>
  );
}

type Asked = { data?: { data: Item[] }; error: unknown; isPending: boolean; refetch: () => unknown };

function Lane({ name, asked }: { name: LaneName; asked: Asked }) {
  const { t } = useTranslation("queue");
  const items = asked.data?.data ?? [];
  if (name === "needs" && items.length === 0 && !asked.error) return null;
  return (
    <section className={classes.lane} aria-label={t(`lanes.${name}`)} data-lane={name}>
      <h2 className={classes.name}>
        {t(`lanes.${name}`)}
        {asked.data ? <span className={classes.count}>{items.length}</span> : null}
      </h2>
      {asked.error ? <Broken thrown={asked.error} again={() => void asked.refetch()} compact /> : null}
      {asked.isPending ? <Skeleton height={84} radius={8} animate={false} /> : null}
      {asked.data && items.length === 0 ? <p className={classes.nothing}>{t(`nothing.${name}`)}</p> : null}
      {items.map((item) => (
        <Card key={item.id} item={item} />
      ))}
    </section>
  );
}

function Card({ item }: { item: Item }) {
  const { t, i18n } = useTranslation(["queue", "common", "failures"]);
  const models = useQuery(allModels);
  const usual = models.data?.find((one) => one.id === item.model)?.video.usual?.p50 ?? null;
  const ended = item.finished_at !== null;
  const poster = item.status === "completed" && item.media.video;
  return (
    <article className={classes.card} aria-label={item.prompt ?? item.id}>
      <div className={classes.thumb}>
        {poster ? <img src={item.media.thumbnail ?? contentUrl(item.id, "thumbnail")} alt="" loading="lazy" /> : null}
      </div>
      <div className={classes.body}>
        <p className={classes.prompt}>{item.prompt}</p>
        <p className={classes.detail}>
          {[item.model, item.seconds ? t("seconds", { count: item.seconds }) : null, item.aspect].filter(Boolean).join(" · ")}
        </p>
        {ended ? (
          <p className={classes.state} data-word={item.status}>
            {t(`common:status.${item.status}`)}
            <span className="faint"> {ago(item.finished_at ?? 0, Date.now(), i18n.language)}</span>
          </p>
        ) : (
          <div className={classes.progress}>
            <Progress word={item.status} percent={item.progress} sinceMs={item.started_at ?? item.created_at} usual={usual} />
          </div>
        )}
        {item.error ? (
          <p className={classes.error}>
            {item.error.message} <span className="quiet">{t(`failures:charge.${item.error.charge}`)}</span>
          </p>
        ) : null}
      </div>
      <div className={classes.actions}>
        {item.status === "unconfirmed" ? <Decide item={item} /> : null}
        {ended || item.status === "archiving" || item.status === "unconfirmed" ? null : <Cancel item={item} />}
      </div>
    </article>
  );
}

function useChange<W>(work: (wish: W) => Promise<void>, said: string) {
  const client = useQueryClient();
  return useMutation<void, unknown, W>({
    mutationFn: work,
    onSuccess: () => notifications.show({ message: said }),
    onError: (thrown) => notifications.show({ color: "red", message: asFailure(thrown).message }),
    onSettled: () => client.invalidateQueries({ queryKey: queueKeys.all }),
  });
}

/** What cancelling does to the money, said before it is done. */
export function effectOf(status: Item["status"]): "free" | "unsure" {
  return status === "queued" ? "free" : "unsure";
}

function Cancel({ item }: { item: Item }) {
  const { t } = useTranslation(["queue", "common"]);
  const [open, setOpen] = useState(false);
  const cancel = useChange((id: string) => cancelTask(id), t("cancel.said"));
  if (item.cancel_requested_at !== null) return <span className="quiet">{t("cancel.asked")}</span>;
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        {t("cancel.open")}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={t("cancel.title")}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <p className={classes.prompt}>{item.prompt}</p>
        <p>{t(`cancel.${effectOf(item.status)}`)}</p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={() => setOpen(false)}>
            {t("cancel.keep")}
          </Button>
          <Button
            color="red"
            onClick={() => {
              setOpen(false);
              cancel.mutate(item.id);
            }}
          >
            {t("cancel.go")}
          </Button>
        </div>
      </Modal>
    </>
  );
}

function Decide({ item }: { item: Item }) {
  const { t } = useTranslation(["queue", "common"]);
  const [open, setOpen] = useState(false);
  const [ref, setRef] = useState("");
  const decide = useChange(
    (wish: { decision: Decision; ref?: string }) => decideTask(item.id, wish.decision, wish.ref),
    t("decide.said"),
  );
  const go = (decision: Decision, upstream?: string) => {
    setOpen(false);
    decide.mutate({ decision, ref: upstream });
  };
  return (
    <>
      <Button size="compact-sm" onClick={() => setOpen(true)}>
        {t("decide.open")}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={t("decide.title")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <p>{t("decide.text")}</p>
        <div className={classes.choices}>
          <div className={classes.choice}>
            <div>
              <h3>{t("decide.exists.title")}</h3>
              <p>{t("decide.exists.text")}</p>
              <TextInput
                label={t("decide.exists.ref")}
                value={ref}
                onChange={(event) => setRef(event.currentTarget.value.trim())}
              />
            </div>
            <Button variant="default" disabled={ref === ""} onClick={() => go("exists", ref)}>
              {t("decide.exists.go")}
            </Button>
          </div>
          <div className={classes.choice}>
            <div>
              <h3>{t("decide.resend.title")}</h3>
              <p>{t("decide.resend.text")}</p>
            </div>
            <Button variant="default" onClick={() => go("resend")}>
              {t("decide.resend.go")}
            </Button>
          </div>
          <div className={classes.choice}>
            <div>
              <h3>{t("decide.giveUp.title")}</h3>
              <p>{t("decide.giveUp.text")}</p>
            </div>
            <Button variant="default" onClick={() => go("give_up")}>
              {t("decide.giveUp.go")}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
}
