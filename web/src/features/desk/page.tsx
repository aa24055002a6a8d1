import { Button, Select, Skeleton } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { deskOf, doubts, type DeskPage as Page1, type Wanted } from "@/api/desk";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconListCheck, IconWifi } from "@/components/icons";
import { Page } from "@/components/page";
import { Panel } from "@/components/panel";
import classes from "./desk.module.css";
import { Doubts } from "./doubts";
import { useDeskLine } from "./line";
import { Task } from "./task";

const STATUSES = ["queued", "submitting", "unconfirmed", "running", "archiving", "completed", "failed", "cancelled"] as const;

/** Everybody's work, for whoever keeps the installation running. */
export function DeskPage() {
  const { t } = useTranslation("desk");
  const wanted: Wanted = useSearch({ strict: false });
  const navigate = useNavigate();
  const found = useInfiniteQuery(deskOf(wanted));
  const waiting = useQuery(doubts);
  const live = useDeskLine();
  const first = found.data?.pages[0];
  const tasks = found.data?.pages.flatMap((page) => page.data) ?? [];
  const narrowed = Object.values(wanted).some((value) => value !== undefined);
  const go = (part: Wanted) =>
    void navigate({ to: ".", search: (before: Wanted) => ({ ...before, ...part }), replace: true } as never);
  const clear = () => void navigate({ to: ".", search: {}, replace: true } as never);
  return (
    <Page title={t("title")} text={t("text")} action={<Line live={live} />}>
      {waiting.error ? <Broken thrown={waiting.error} again={() => void waiting.refetch()} compact /> : null}
      {waiting.data && waiting.data.length > 0 ? <Doubts found={waiting.data} /> : null}
      {first ? <Filters first={first} wanted={wanted} go={go} clear={narrowed ? clear : null} /> : null}
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={200} radius={12} animate={false} /> : null}
      {found.data && tasks.length === 0 ? (
        narrowed ? (
          <p className="quiet">{t("nothing")}</p>
        ) : (
          <Empty icon={IconListCheck} title={t("none")}>
            {t("noneText")}
          </Empty>
        )
      ) : null}
      {tasks.length > 0 ? (
        <Panel title={t("tasks")}>
          <ul className={classes.tasks}>
            {tasks.map((task) => (
              <Task key={task.id} task={task} />
            ))}
          </ul>
          {found.hasNextPage ? (
            <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {t("more")}
            </Button>
          ) : null}
        </Panel>
      ) : null}
    </Page>
  );
}

function Line({ live }: { live: boolean }) {
  const { t } = useTranslation("desk");
  return (
    <output className={classes.live} data-live={live || undefined}>
      <IconWifi size={15} stroke={1.7} aria-hidden="true" />
      {t(live ? "live.on" : "live.off")}
    </output>
  );
}

type Props = { first: Page1; wanted: Wanted; go: (part: Wanted) => void; clear: (() => void) | null };

function Filters({ first, wanted, go, clear }: Props) {
  const { t } = useTranslation(["desk", "common"]);
  const named = (list: Page1["channels"], chosen: string | undefined) => {
    const known = list.map((one) => ({ value: one.id, label: t("count", { name: one.name, count: one.tasks }) }));
    return chosen && !list.some((one) => one.id === chosen) ? [...known, { value: chosen, label: chosen }] : known;
  };
  const open = Object.values(first.open).reduce((sum, count) => sum + count, 0);
  return (
    <section className={classes.filters} aria-label={t("filters")}>
      <div className={classes.statuses}>
        <Chip label={t("open")} count={open} on={!wanted.status} onClick={() => go({ status: undefined })} />
        {STATUSES.map((status) => (
          <Chip
            key={status}
            label={t(`common:status.${status}`)}
            count={first.open[status]}
            on={wanted.status === status}
            onClick={() => go({ status: wanted.status === status ? undefined : status })}
          />
        ))}
      </div>
      <Select
        aria-label={t("channel")}
        placeholder={t("anyChannel")}
        clearable
        value={wanted.channel ?? null}
        onChange={(value) => go({ channel: value ?? undefined })}
        data={named(first.channels, wanted.channel)}
      />
      <Select
        aria-label={t("user")}
        placeholder={t("anyUser")}
        clearable
        searchable
        value={wanted.user ?? null}
        onChange={(value) => go({ user: value ?? undefined })}
        data={named(first.users, wanted.user)}
      />
      {clear ? (
        <Button variant="subtle" color="gray" onClick={clear}>
          {t("clear")}
        </Button>
      ) : null}
    </section>
  );
}

function Chip({ label, count, on, onClick }: { label: string; count?: number; on: boolean; onClick: () => void }) {
  return (
    <button type="button" className={classes.chip} aria-pressed={on} onClick={onClick}>
      {label}
      {count ? <span className={classes.count}>{count}</span> : null}
    </button>
  );
}
