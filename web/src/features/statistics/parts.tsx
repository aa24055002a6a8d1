import { useTranslation } from "react-i18next";
import type { Line, Statistics, Took } from "@/api/statistics";
import { Panel } from "@/components/panel";
import { bytes, duration, whole } from "@/lib/format";
import { Bars, Columns, Scrolled, Share, Twin } from "./charts";
import { slotsOf } from "./scale";
import classes from "./statistics.module.css";

const PHASES = ["queue", "submit", "run", "archive", "whole"] as const;
const HOUR_MS = 3_600_000;

function useWords() {
  const { t, i18n } = useTranslation("statistics");
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  return {
    t,
    language: i18n.language,
    number: (value: number) => whole(value, i18n.language),
    percent: (value: number | null) => (value === null ? "–" : percent.format(value)),
    time: (ms: number | null | undefined) =>
      ms === null || ms === undefined ? "–" : ms < 1000 ? t("ms", { count: Math.round(ms) }) : duration(ms / 1000, i18n.language),
  };
}

/** The few figures that answer most questions. */
export function Tiles({ found }: { found: Statistics }) {
  const { t, number, percent, time, language } = useWords();
  const all = found.whole;
  const took = found.latencies.whole;
  const kept = found.storage.reduce((sum, one) => sum + one.bytes, 0);
  const files = found.storage.reduce((sum, one) => sum + one.files, 0);
  return (
    <dl className={classes.tiles}>
      <Tile name={t("tiles.tasks")} value={number(all.tasks)} detail={t("tiles.open", { count: all.open })} />
      <Tile
        name={t("tiles.rate")}
        value={percent(all.success_rate)}
        detail={t("tiles.ended", { completed: all.completed, failed: all.failed, cancelled: all.cancelled })}
      />
      <Tile
        name={t("tiles.whole")}
        value={time(took?.p50)}
        detail={took ? t("tiles.p90", { time: time(took.p90) }) : t("latency.none")}
      />
      {all.polls_per_clip === null || all.polls_per_clip === undefined ? null : (
        <Tile name={t("tiles.polls")} value={number(all.polls_per_clip)} detail={t("tiles.pollsText")} />
      )}
      <Tile name={t("tiles.storage")} value={bytes(kept, language)} detail={t("tiles.files", { count: files })} />
    </dl>
  );
}

function Tile({ name, value, detail }: { name: string; value: string; detail: string }) {
  return (
    <div className={classes.tile}>
      <dt>{name}</dt>
      <dd className={classes.value}>{value}</dd>
      <dd className={classes.detail}>{detail}</dd>
    </div>
  );
}

/** Tasks over time, and how many of them were made. */
export function OverTime({ found }: { found: Statistics }) {
  const { t, number, percent, language } = useWords();
  const hourly = found.step_ms <= HOUR_MS;
  const slots = slotsOf(found.steps, found.step_ms, found.since, found.until);
  const short = new Intl.DateTimeFormat(
    language,
    hourly ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric", timeZone: "UTC" },
  );
  const long = new Intl.DateTimeFormat(
    language,
    hourly ? { dateStyle: "short", timeStyle: "short" } : { dateStyle: "medium", timeZone: "UTC" },
  );
  const at = (ms: number) => short.format(ms);
  const rates = slots.map((slot) => slot.rate).filter((rate) => rate !== null);
  const busy = slots.filter((slot) => slot.tasks > 0);
  const most = Math.max(0, ...slots.map((slot) => slot.tasks));
  const columns = t("over.summary", { count: found.whole.tasks, most: number(most) });
  const shares = rates.length
    ? t("rate.summary", { least: percent(Math.min(...rates)), most: percent(Math.max(...rates)) })
    : t("latency.none");
  return (
    <>
      <Panel title={t("over.title")} text={t("over.text", { step: t(hourly ? "over.hour" : "over.day") })}>
        <Columns slots={slots} label={`${t("over.title")} ${columns}`} at={at} words={number} />
        <Twin
          label={t("over.title")}
          head={[t("over.at"), t("words.tasks"), t("words.completed"), t("words.failed"), t("words.cancelled"), t("words.open")]}
          rows={busy.map((slot) => [long.format(slot.at), slot.tasks, slot.completed, slot.failed, slot.cancelled, slot.open])}
        />
      </Panel>
      <Panel title={t("rate.title")} text={t("rate.text")}>
        <Share slots={slots} label={`${t("rate.title")} ${shares}`} at={at} words={percent} />
        <Twin
          label={t("rate.title")}
          head={[t("over.at"), t("words.rate")]}
          rows={busy.filter((slot) => slot.rate !== null).map((slot) => [long.format(slot.at), percent(slot.rate)])}
        />
      </Panel>
    </>
  );
}

/** Where the time of finished clips went. */
export function Latency({ latencies }: { latencies: Statistics["latencies"] }) {
  const { t, time } = useWords();
  const timed = PHASES.map((phase) => [phase, latencies[phase]] as const).filter(
    (one): one is readonly [(typeof PHASES)[number], Took] => one[1] !== null && one[1] !== undefined,
  );
  return (
    <Panel title={t("latency.title")} text={t("latency.text", { count: latencies.clips })}>
      {timed.length === 0 ? <p className="quiet">{t("latency.none")}</p> : null}
      <Bars
        label={t("latency.title")}
        bars={timed.map(([phase, took]) => ({
          name: t(`latency.${phase}`),
          value: took.p99,
          said: [took.p50, took.p90, took.p99].map(time).join(" · "),
          marks: (["p50", "p90", "p99"] as const).map((kind) => ({ kind, value: took[kind] })),
        }))}
      />
      {timed.length > 0 ? (
        <>
          <ul className={classes.legend}>
            {(["p50", "p90", "p99"] as const).map((kind) => (
              <li key={kind} data-mark={kind}>
                {t(`latency.${kind}`)}
              </li>
            ))}
          </ul>
          <Twin
            label={t("latency.title")}
            head={[t("latency.title"), t("latency.p50"), t("latency.p90"), t("latency.p99")]}
            rows={timed.map(([phase, took]) => [t(`latency.${phase}`), time(took.p50), time(took.p90), time(took.p99)])}
          />
        </>
      ) : null}
    </Panel>
  );
}

/** How tasks went by model or by channel. */
export function Lines({ which, lines }: { which: "model" | "channel"; lines: Line[] }) {
  const { t, number, percent, time } = useWords();
  const head = [t(`lines.name.${which}`), t("words.tasks"), t("lines.made"), t("words.failed"), t("tiles.polls")];
  const named = (line: Line) => (line.name === "none" ? t("lines.none") : line.name);
  const timed = which === "model";
  return (
    <Panel title={t(`lines.${which}`)}>
      <Bars
        label={t(`lines.${which}`)}
        bars={lines.slice(0, 12).map((line) => ({ name: named(line), value: line.tasks, said: number(line.tasks) }))}
      />
      <Scrolled
        label={t(`lines.${which}`)}
        head={timed ? [...head, t("lines.waiting"), t("lines.rendering"), t("lines.rendering90")] : head}
        rows={lines.map((line) => [
          named(line),
          number(line.tasks),
          percent(line.success_rate),
          number(line.failed),
          line.polls_per_clip === null || line.polls_per_clip === undefined ? "–" : number(line.polls_per_clip),
          ...(timed ? [time(line.waiting_ms?.p50), time(line.rendering_ms?.p50), time(line.rendering_ms?.p90)] : []),
        ])}
      />
    </Panel>
  );
}

/** What upstreams refused or lost, by channel and code. */
export function Errors({ errors }: { errors: Statistics["errors"] }) {
  const { t, number } = useWords();
  return (
    <Panel title={t("errors.title")} text={t("errors.text")}>
      {errors.length === 0 ? (
        <p className="quiet">{t("errors.none")}</p>
      ) : (
        <Scrolled
          label={t("errors.title")}
          head={[t("errors.channel"), t("errors.code"), t("errors.attempts")]}
          rows={errors.map((one) => [one.channel, one.code, number(one.attempts)])}
        />
      )}
    </Panel>
  );
}

/** What is stored, by kind of file. */
export function Storage({ kept }: { kept: Statistics["storage"] }) {
  const { t, number, language } = useWords();
  return (
    <Panel title={t("storage.title")} text={t("storage.text")}>
      {kept.length === 0 ? <p className="quiet">{t("storage.none")}</p> : null}
      <Bars
        label={t("storage.title")}
        bars={kept.map((one) => ({
          name: one.media_type,
          value: one.bytes,
          said: `${bytes(one.bytes, language)} · ${t("tiles.files", { count: one.files })}`,
        }))}
      />
      {kept.length > 0 ? (
        <Twin
          label={t("storage.title")}
          head={[t("storage.kind"), t("storage.files"), t("storage.size")]}
          rows={kept.map((one) => [one.media_type, number(one.files), bytes(one.bytes, language)])}
        />
      ) : null}
    </Panel>
  );
}
