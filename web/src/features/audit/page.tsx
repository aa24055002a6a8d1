import { Button, Select, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type AuditSought, auditFile, auditSought } from "@/api/installation";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconDownload, IconSearch, IconShieldCheck } from "@/components/icons";
import { Page } from "@/components/page";
import { UserPick } from "@/components/user-pick";
import { ACTIONS } from "./actions";
import classes from "./audit.module.css";
import { Chain } from "./chain";
import { EntryLine } from "./entry";

type Sought = { actor?: string; action?: string; subject?: string; outcome?: string; from?: string; to?: string };

/** Midnight of a day as the reader's clock has it, in milliseconds; `by` days later. */
function midnight(day: string | undefined, by = 0): string | undefined {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day ?? "");
  if (!found) return undefined;
  return String(new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]) + by).getTime());
}

/** What privileged people did: who, what, to what, from where, and whether the log is whole. */
export function AuditPage() {
  const { t } = useTranslation("audit");
  const sought: Sought = useSearch({ strict: false });
  const navigate = useNavigate();
  const seek = (part: Sought) => void navigate({ to: ".", search: { ...sought, ...part } as never, replace: true });
  const wanted: AuditSought = {
    actor: sought.actor,
    action: sought.action,
    subject: sought.subject,
    outcome: sought.outcome,
    since: midnight(sought.from),
    until: midnight(sought.to, 1),
  };
  const found = useInfiniteQuery(auditSought(wanted));
  const entries = found.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = Object.values(sought).some(Boolean);
  return (
    <Page title={t("title")} text={t("text")} action={<Exports sought={wanted} />}>
      <Chain />
      <Filters key={filtered ? "some" : "none"} sought={sought} onSeek={seek} />
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={240} radius={12} animate={false} /> : null}
      {found.data && entries.length === 0 ? (
        <Empty
          icon={IconShieldCheck}
          title={t(filtered ? "nothing" : "none")}
          action={
            filtered ? (
              <Button variant="default" onClick={() => void navigate({ to: ".", search: {} as never, replace: true })}>
                {t("clear")}
              </Button>
            ) : null
          }
        >
          {filtered ? null : t("noneText")}
        </Empty>
      ) : null}
      {entries.length > 0 ? (
        <ol className={classes.entries} aria-label={t("title")}>
          {entries.map((one) => (
            <EntryLine key={one.seq} one={one} onSeek={seek} />
          ))}
        </ol>
      ) : null}
      {found.hasNextPage ? (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("more")}
        </Button>
      ) : null}
    </Page>
  );
}

function Exports({ sought }: { sought: AuditSought }) {
  const { t } = useTranslation("audit");
  return (
    <>
      <Button variant="default" component="a" href={auditFile("csv", sought)} download leftSection={<IconDownload size={15} />}>
        {t("csv")}
      </Button>
      <Button variant="default" component="a" href={auditFile("jsonl", sought)} download leftSection={<IconDownload size={15} />}>
        {t("jsonl")}
      </Button>
    </>
  );
}

function Filters({ sought, onSeek }: { sought: Sought; onSeek: (part: Sought) => void }) {
  const { t } = useTranslation("audit");
  const [typed, setTyped] = useState(sought.subject ?? "");
  const later = useDebouncedCallback((subject: string) => onSeek({ subject: subject.trim() || undefined }), 250);
  return (
    <search className={classes.filters}>
      <UserPick
        label={t("filter.actor")}
        value={sought.actor ?? null}
        onChange={(actor) => onSeek({ actor: actor ?? undefined })}
        clearable
      />
      <Select
        label={t("filter.action")}
        placeholder={t("filter.any")}
        searchable
        clearable
        value={sought.action ?? null}
        onChange={(action) => onSeek({ action: action ?? undefined })}
        data={ACTIONS.map((action) => ({ value: action, label: t(`action.${action}`) }))}
      />
      <TextInput
        label={t("filter.subject")}
        placeholder={t("filter.subjectHint")}
        leftSection={<IconSearch size={15} />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          later(event.currentTarget.value);
        }}
      />
      <Select
        label={t("filter.outcome")}
        allowDeselect={false}
        value={sought.outcome ?? ""}
        onChange={(outcome) => onSeek({ outcome: outcome || undefined })}
        data={[
          { value: "", label: t("filter.any") },
          { value: "done", label: t("outcome.done") },
          { value: "refused", label: t("outcome.refused") },
        ]}
      />
      <TextInput
        type="date"
        label={t("filter.from")}
        value={sought.from ?? ""}
        onChange={(event) => onSeek({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t("filter.to")}
        value={sought.to ?? ""}
        onChange={(event) => onSeek({ to: event.currentTarget.value || undefined })}
      />
    </search>
  );
}
