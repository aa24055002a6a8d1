import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { chargeOf } from "@/api/library";
import { LANE_NAMES, type LaneName, lanes, type Queue, type Usual, type Waiting } from "@/api/queue";
import { Broken } from "@/components/broken";
import { Cancel, Decide } from "@/components/deciding";
import { Empty } from "@/components/empty";
import { IconListCheck } from "@/components/icons";
import { Bell } from "@/components/notice-wishes";
import { Progress } from "@/components/progress";
import { Scrub } from "@/components/scrub";
import { useTold } from "@/components/told";
import { ago, duration, whole } from "@/lib/format";
import { useLiveLanes } from "./live";
import classes from "./queue.module.css";

/** Everything that waits, runs, needs somebody, or ended within a day. */
export function QueuePage() {
  const { t } = useTranslation("queue");
  const found = useQuery(lanes);
  useLiveLanes();
  const nothing = found.data && LANE_NAMES.every((name) => found.data[name].count === 0);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1 className={classes.title}>{t("title")}</h1>
        <Bell />
      </header>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Placeholder /> : null}
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
      ) : null}
      {found.data && !nothing ? (
        <div className={classes.lanes}>
          {LANE_NAMES.map((name) => (
            <Lane key={name} name={name} queue={found.data} />
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Placeholder() {
  return (
    <div className={classes.lanes} aria-busy="true">
      {[1, 2, 3].map((n) => (
        <Skeleton key={n} height={86} radius={8} animate={false} />
      ))}
    </div>
  );
}

function Lane({ name, queue }: { name: LaneName; queue: Queue }) {
  const { t, i18n } = useTranslation("queue");
  const lane = queue[name];
  if (name === "needs_you" && lane.count === 0) return null;
  return (
    <section className={classes.lane} aria-label={t(`lanes.${name}`)} data-lane={name}>
      <h2 className={classes.name}>
        {t(`lanes.${name}`)}
        <span className={classes.count}>{whole(lane.count, i18n.language)}</span>
      </h2>
      {lane.count === 0 ? <p className={classes.nothing}>{t(`nothing.${name}`)}</p> : null}
      {lane.data.map((one) => (
        <Card key={one.item.id} lane={name} one={one} usual={queue.usual[one.item.model ?? ""] ?? null} />
      ))}
      {lane.count > lane.data.length ? (
        <p className={classes.nothing}>{t("more", { count: lane.count - lane.data.length })}</p>
      ) : null}
    </section>
  );
}

function Card({ lane, one, usual }: { lane: LaneName; one: Waiting; usual: Usual | null }) {
  const { t, i18n } = useTranslation(["queue", "common", "failures"]);
  const { item } = one;
  const ended = item.finished_at !== null;
  const title = item.name || item.prompt || item.id;
  const charge = chargeOf(item, lane === "needs_you");
  const told = useTold();
  const facts = [
    item.model,
    item.seconds ? t("seconds", { count: item.seconds }) : null,
    item.aspect,
    one.position === null ? null : t("place", { count: one.position }),
    ended || usual?.p90 == null ? null : t("most", { time: duration(usual.p90, i18n.language) }),
  ];
  return (
    <article className={classes.card} aria-label={title}>
      <div className={classes.thumb}>{item.status === "completed" ? <Scrub media={item.media} label="" /> : null}</div>
      <div className={classes.body}>
        <p className={classes.prompt}>
          <Link to="/videos/$id" params={{ id: item.id }}>
            {title}
          </Link>
        </p>
        <p className={classes.detail}>{facts.filter(Boolean).join(" · ")}</p>
        {ended ? (
          <p className={classes.state} data-word={item.status}>
            {t(`common:status.${item.status}`)}
            <span className="faint"> {ago(item.finished_at ?? 0, Date.now(), i18n.language)}</span>
          </p>
        ) : (
          <div className={classes.progress}>
            <Progress
              word={item.status}
              percent={item.progress}
              sinceMs={item.started_at ?? item.created_at}
              usual={usual?.p50 ?? null}
            />
          </div>
        )}
        {item.error && charge ? (
          <p className={classes.error} title={item.error.message}>
            {told(item.error.code, item.error.message)} <span className="quiet">{t(`failures:charge.${charge}`)}</span>
          </p>
        ) : null}
      </div>
      <div className={classes.actions}>
        {lane === "needs_you" ? <Decide item={item} /> : null}
        {ended || item.status === "archiving" || item.status === "unconfirmed" ? null : (
          <Cancel item={item} effect={one.cancelling} />
        )}
      </div>
    </article>
  );
}
