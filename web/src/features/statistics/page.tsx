import { Button, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Statistics, statisticsOf, tableUrl } from "@/api/statistics";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconChartBar, IconDownload } from "@/components/icons";
import { Page } from "@/components/page";
import { Errors, Latency, Lines, OverTime, Storage, Tiles } from "./parts";
import { dayText, RANGES, type Range, rangeOf, type Search } from "./range";
import classes from "./statistics.module.css";

/** How tasks went over a stretch of time that stands in the address. */
export function StatisticsPage() {
  const { t } = useTranslation("statistics");
  const search: Search = useSearch({ strict: false });
  const [openedAt] = useState(() => Date.now());
  const range = rangeOf(search, openedAt);
  const found = useQuery(statisticsOf(range.from, range.to, JSON.stringify([range.name, search.from, search.to])));
  return (
    <Page
      title={t("title")}
      text={t("text")}
      action={
        <Button
          component="a"
          href={tableUrl(range.from, range.to)}
          download
          variant="default"
          leftSection={<IconDownload size={15} />}
        >
          {t("export")}
        </Button>
      }
    >
      <Chooser range={range} search={search} />
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={320} radius={12} animate={false} /> : null}
      {found.data ? <Shown found={found.data} /> : null}
    </Page>
  );
}

function Chooser({ range, search }: { range: Range; search: Search }) {
  const { t } = useTranslation("statistics");
  const navigate = useNavigate();
  const go = (next: Search) => void navigate({ to: ".", search: next, replace: true } as never);
  const today = dayText(Date.now());
  return (
    <div className={classes.chooser}>
      <SegmentedControl
        aria-label={t("range")}
        value={range.name}
        onChange={(name) =>
          go(name === "own" ? { range: name, from: dayText(range.from * 1000), to: search.to ?? today } : { range: name })
        }
        data={RANGES.map((name) => ({ value: name, label: t(`ranges.${name}`) }))}
      />
      {range.name === "own" ? (
        <>
          <TextInput
            type="date"
            label={t("from")}
            max={today}
            value={search.from ?? ""}
            onChange={(event) => go({ ...search, from: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label={t("to")}
            max={today}
            value={search.to ?? ""}
            onChange={(event) => go({ ...search, to: event.currentTarget.value })}
          />
        </>
      ) : null}
    </div>
  );
}

function Shown({ found }: { found: Statistics }) {
  const { t } = useTranslation("statistics");
  return (
    <>
      <Tiles found={found} />
      {found.whole.tasks === 0 ? (
        <Empty
          icon={IconChartBar}
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
        <>
          <OverTime found={found} />
          <Latency latencies={found.latencies} />
          <Lines which="model" lines={found.by_model} />
          <Lines which="channel" lines={found.by_channel} />
          <Errors errors={found.errors} />
        </>
      )}
      <Storage kept={found.storage} />
    </>
  );
}
