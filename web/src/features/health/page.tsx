import { Button, Progress, Skeleton } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { checkPromises, healthReport, type Report } from "@/api/installation";
import { Broken } from "@/components/broken";
import { IconAlertTriangle, IconCircleCheck } from "@/components/icons";
import { Page } from "@/components/page";
import { Line, Lines, Panel } from "@/components/panel";
import { bytes, duration, whole } from "@/lib/format";
import { useMay } from "@/lib/session";
import { Findings } from "./findings";
import classes from "./health.module.css";

/** How the installation is, and what needs somebody. */
export function HealthPage() {
  const { t } = useTranslation("health");
  const found = useQuery(healthReport);
  const admin = useMay("admin");
  return (
    <Page title={t("title")} text={t("text")}>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={320} radius={12} animate={false} /> : null}
      {found.data ? (
        <>
          <Ready report={found.data} />
          <Findings findings={found.data.findings} />
          <div className={classes.panels}>
            <Process report={found.data} />
            <Keeping report={found.data} />
            <Queue report={found.data} />
            <Packages report={found.data} />
          </div>
          <Channels report={found.data} />
          {found.data.workers.length > 0 ? <Workers report={found.data} /> : null}
          {admin ? <Promises /> : null}
        </>
      ) : null}
    </Page>
  );
}

function Ready({ report }: { report: Report }) {
  const { t, i18n } = useTranslation("health");
  const up = duration(report.up_s, i18n.language);
  return (
    <section className={classes.ready} data-ready={report.ready} aria-label={t("ready.label")}>
      {report.ready ? <IconCircleCheck size={26} stroke={1.5} /> : <IconAlertTriangle size={26} stroke={1.5} />}
      <div>
        <p className={classes.readyWord}>{t(report.ready ? "ready.yes" : "ready.no")}</p>
        <p className={classes.readyText}>
          {report.ready ? t("ready.facts", { version: report.version, up }) : report.reasons.join(" ")}
        </p>
      </div>
    </section>
  );
}

function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Process({ report }: { report: Report }) {
  const { t, i18n } = useTranslation("health");
  return (
    <Panel title={t("process.title")}>
      <Facts
        facts={[
          [t("process.version"), report.version],
          [t("process.role"), t(`process.roles.${report.role === "api" ? "api" : "all"}`)],
          [t("process.up"), duration(report.up_s, i18n.language)],
          [t("process.readers"), whole(report.readers, i18n.language)],
          [t("process.system"), `${report.system} · Python ${report.python}`],
        ]}
      />
    </Panel>
  );
}

function Keeping({ report }: { report: Report }) {
  const { t, i18n } = useTranslation("health");
  const { disk, database, storage } = report;
  const used = disk.total > 0 ? (1 - disk.free / disk.total) * 100 : 0;
  const said = (count: number) => bytes(count, i18n.language);
  return (
    <Panel title={t("keeping.title")}>
      <Facts
        facts={[
          [t("keeping.database"), `${database.kind === "sqlite" ? "SQLite" : "PostgreSQL"} · ${said(database.bytes)}`],
          [t("keeping.schema"), database.schema],
          [t("keeping.storage"), storage.on_disk ? t("keeping.onDisk") : storage.address],
          [t("keeping.files"), `${whole(storage.files, i18n.language)} · ${said(storage.bytes)}`],
          [t("keeping.disk"), t("keeping.free", { free: said(disk.free), total: said(disk.total) })],
        ]}
      />
      <Progress value={used} color={used > 90 ? "red" : "gray"} size="sm" aria-label={t("keeping.disk")} />
      <p className={classes.folder}>{disk.folder}</p>
    </Panel>
  );
}

function Queue({ report }: { report: Report }) {
  const { t, i18n } = useTranslation("health");
  const { queue } = report;
  const said = (count: number) => whole(count, i18n.language);
  return (
    <Panel title={t("queue.title")}>
      <Facts
        facts={[
          [t("queue.waiting"), said(queue.waiting)],
          [t("queue.longest"), queue.waiting > 0 ? duration(queue.waits_s, i18n.language) : "–"],
          [t("queue.underWay"), said(queue.under_way)],
          [t("queue.unconfirmed"), said(queue.unconfirmed)],
          [t("queue.disputed"), said(queue.disputed)],
          [t("queue.webhooks"), said(queue.webhooks_due)],
        ]}
      />
    </Panel>
  );
}

function Packages({ report }: { report: Report }) {
  const { t } = useTranslation("health");
  return (
    <Panel title={t("packages.title")}>
      <Facts facts={report.libraries.map((one) => [one.name, one.version || t("packages.missing")])} />
    </Panel>
  );
}

function Channels({ report }: { report: Report }) {
  const { t } = useTranslation(["health", "channels"]);
  return (
    <Panel title={t("channels.title")} text={t("channels.text")}>
      {report.channels.length === 0 ? <p className={classes.none}>{t("channels.none")}</p> : null}
      <Lines>
        {report.channels.map((one) => {
          const word = one.usable ? "usable" : one.switch === "enabled" ? "resting" : one.switch;
          return (
            <Line
              key={one.id}
              title={one.name}
              detail={[one.dialect, t("channels:facts.lanes", { used: one.open_tasks, of: one.concurrency }), one.why]
                .filter(Boolean)
                .join(" · ")}
              state={
                <span className={classes.state} data-state={one.usable ? "ok" : "warn"}>
                  {one.usable ? <IconCircleCheck size={15} stroke={1.7} /> : <IconAlertTriangle size={15} stroke={1.7} />}
                  {t(`channels:state.${word as "usable"}`)}
                </span>
              }
            />
          );
        })}
      </Lines>
    </Panel>
  );
}

function Workers({ report }: { report: Report }) {
  const { t, i18n } = useTranslation("health");
  return (
    <Panel title={t("workers.title")} text={t("workers.text")}>
      <Lines>
        {report.workers.map((one) => (
          <Line
            key={one.name}
            title={<code>{one.name}</code>}
            detail={t("workers.holds", { tasks: whole(one.tasks, i18n.language), silent: duration(one.silent_s, i18n.language) })}
          />
        ))}
      </Lines>
    </Panel>
  );
}

function Promises() {
  const { t, i18n } = useTranslation("health");
  const check = useMutation({ mutationFn: checkPromises });
  const found = check.data;
  const kept = found && found.audit_break === null && found.violations.length === 0;
  return (
    <Panel
      title={t("promises.title")}
      text={t("promises.text")}
      action={
        <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          {t("promises.check")}
        </Button>
      }
    >
      <div role="status">
        {kept ? (
          <p className={classes.state} data-state="ok">
            <IconCircleCheck size={16} stroke={1.7} />
            {t("promises.kept", { entries: whole(found.audit_entries, i18n.language) })}
          </p>
        ) : null}
        {found && !kept ? (
          <>
            <p className={classes.state} data-state="fail">
              <IconAlertTriangle size={16} stroke={1.7} />
              {t("promises.broken")}
            </p>
            <ul className={classes.violations}>
              {[found.audit_break, ...found.violations].filter(Boolean).map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </>
        ) : null}
      </div>
      {check.error ? <Broken thrown={check.error} compact /> : null}
    </Panel>
  );
}
