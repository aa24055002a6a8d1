import { Button, Loader, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { allBackups, type Backup, type Backups, installationKeys, makeBackup } from "@/api/installation";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconAlertTriangle, IconArchive, IconCircleCheck } from "@/components/icons";
import { Page } from "@/components/page";
import { Line, Lines, Panel } from "@/components/panel";
import { ago, bytes, moment, whole } from "@/lib/format";
import classes from "./backups.module.css";

/** What copies there are of everything, one more now, and how one is put back. */
export function BackupsPage() {
  const { t } = useTranslation("backups");
  const found = useQuery(allBackups);
  const make = useDo(makeBackup, installationKeys.backups, undefined, true);
  const busy = Boolean(found.data?.beganAt) || make.isPending;
  const go = found.data?.offered ? (
    <Button leftSection={<IconArchive size={16} />} disabled={busy} onClick={() => make.mutate()}>
      {t("make")}
    </Button>
  ) : null;
  return (
    <Page title={t("title")} text={t("text")} action={found.data && found.data.found.length > 0 ? go : null}>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {make.error ? <Broken thrown={make.error} compact /> : null}
      {found.isPending ? <Skeleton height={200} radius={12} animate={false} /> : null}
      {found.data ? (
        <>
          <Under backups={found.data} />
          {found.data.found.length === 0 ? (
            <Empty icon={IconArchive} title={t("none")} action={go}>
              {t("noneText")}
            </Empty>
          ) : (
            <List backups={found.data} />
          )}
          <Restore folder={found.data.found[0]?.path ?? found.data.folder} offered={found.data.offered} />
        </>
      ) : null}
    </Page>
  );
}

function Under({ backups }: { backups: Backups }) {
  const { t, i18n } = useTranslation("backups");
  if (backups.beganAt)
    return (
      <p className={classes.note} role="status">
        <Loader size={16} />
        {t("underWay", { when: ago(Date.parse(backups.beganAt), Date.now(), i18n.language) })}
      </p>
    );
  if (!backups.failed) return null;
  const known = ["unwritable", "elsewhere", "gone", "no_key", "stopped"] as const;
  const finding = known.find((one) => one === backups.failed?.finding) ?? "other";
  return (
    <p className={classes.note} data-bad role="alert">
      <IconAlertTriangle size={17} stroke={1.7} />
      {t("failed", { why: t(`finding.${finding}`, { about: backups.failed.about, finding: backups.failed.finding }) })}
    </p>
  );
}

function List({ backups }: { backups: Backups }) {
  const { t } = useTranslation("backups");
  const every = backups.everyH > 0 ? t("every", { hours: backups.everyH, keep: backups.keep }) : t("never");
  return (
    <Panel title={t("there")} text={`${every} ${t("lies", { folder: backups.folder })}`}>
      <Lines>
        {backups.found.map((one) => (
          <BackupLine key={one.name} one={one} />
        ))}
      </Lines>
    </Panel>
  );
}

function BackupLine({ one }: { one: Backup }) {
  const { t, i18n } = useTranslation("backups");
  const parts = one.readable
    ? [
        t(one.automatic ? "automatic" : "asked"),
        t(one.copied ? "files" : "named", { count: one.files, files: whole(one.files, i18n.language) }),
        bytes(one.bytes, i18n.language),
        one.schema ? t("schema", { schema: one.schema }) : null,
        one.masterKey ? t("sealed", { key: one.masterKey }) : null,
      ]
    : [t("unreadable")];
  return (
    <Line
      title={one.createdAt ? moment(Date.parse(one.createdAt), i18n.language) : one.name}
      detail={parts.filter(Boolean).join(" · ")}
      state={
        <span className={classes.state} data-bad={one.readable ? undefined : true}>
          {one.readable ? <IconCircleCheck size={15} stroke={1.7} /> : <IconAlertTriangle size={15} stroke={1.7} />}
          <code>{one.name}</code>
        </span>
      }
    />
  );
}

function Restore({ folder, offered }: { folder: string; offered: boolean }) {
  const { t } = useTranslation("backups");
  const path = folder || "BACKUP";
  return (
    <Panel title={t("restore.title")} text={t("restore.text")}>
      <ol className={classes.steps}>
        <li>
          {t("restore.check")}
          <code className={classes.command}>{"reelgate db backups --verify"}</code>
        </li>
        <li>
          {t("restore.put")}
          <code className={classes.command}>{`reelgate db restore ${path} --data NEW-FOLDER`}</code>
        </li>
        <li>{t("restore.start")}</li>
      </ol>
      <p className={classes.quiet}>{t("restore.key")}</p>
      {offered ? null : <p className={classes.quiet}>{t("restore.elsewhere")}</p>}
    </Panel>
  );
}
