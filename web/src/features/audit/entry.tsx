import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { AuditEntry } from "@/api/installation";
import { IconBan, IconCircleCheck } from "@/components/icons";
import { ago, moment } from "@/lib/format";
import { type Action, isAction } from "./actions";
import classes from "./audit.module.css";

type Sought = { actor?: string; subject?: string };

/** One entry: who did what to what; the rest when it is opened. */
export function EntryLine({ one, onSeek }: { one: AuditEntry; onSeek: (part: Sought) => void }) {
  const { t, i18n } = useTranslation("audit");
  const [open, setOpen] = useState(false);
  const done = one.outcome === "done";
  return (
    <li className={classes.entry}>
      <button type="button" className={classes.line} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={classes.mark} data-outcome={one.outcome}>
          {done ? <IconCircleCheck size={16} stroke={1.7} /> : <IconBan size={16} stroke={1.7} />}
          <span className={classes.hidden}>{t(`outcome.${one.outcome}`)}</span>
        </span>
        <span className={classes.words}>
          <span className={classes.deed}>
            <Deed action={one.action} />
            <span className={classes.subject}>{objectOf(one)}</span>
          </span>
          <span className={classes.by}>
            {[one.actor_name || one.actor, done ? null : t("refusedBy", { code: String(one.details.code ?? "") })]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </span>
        <time className={`num ${classes.time}`} dateTime={new Date(one.at).toISOString()} title={moment(one.at, i18n.language)}>
          {ago(one.at, Date.now(), i18n.language)}
        </time>
      </button>
      {open ? <Opened one={one} onSeek={onSeek} /> : null}
    </li>
  );
}

/** What it was done to, as people know it: a name where there is one; the settings that were changed. */
function objectOf(one: AuditEntry): string {
  const asked = (one.details as Record<string, unknown>).asked;
  if (one.subject) return one.subject_name || one.subject;
  if (one.action === "POST /api/admin/settings") return Object.keys(fieldsOf(asked)).join(", ");
  const { name, username, note } = fieldsOf(asked);
  return [username, name, note].find((text): text is string => typeof text === "string") ?? "";
}

function Deed({ action }: { action: string }) {
  const { t } = useTranslation("audit");
  const known: Action | null = isAction(action) ? action : null;
  return <span>{known ? t(`action.${known}`) : action}</span>;
}

function Opened({ one, onSeek }: { one: AuditEntry; onSeek: (part: Sought) => void }) {
  const { t, i18n } = useTranslation("audit");
  const { before, asked, of, ...rest } = one.details as Record<string, unknown>;
  const facts: [string, string | null][] = [
    [t("field.at"), moment(one.at, i18n.language)],
    [t("field.route"), one.action],
    [t("field.subject"), of ? flat(of) : one.subject],
    [t("field.address"), one.address],
    [t("field.key"), one.key_id],
    [t("field.request"), one.request_id],
    [t("field.rest"), Object.keys(rest).length > 0 ? flat(rest) : null],
  ];
  return (
    <div className={classes.opened}>
      {before !== undefined || asked !== undefined ? <Change before={before} after={asked} /> : null}
      <dl className={classes.facts}>
        {facts.map(([name, text]) =>
          text ? (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ) : null,
        )}
        <div>
          <dt>{t("field.digest")}</dt>
          <dd>
            <code className={classes.digest}>{t("place", { seq: one.seq, digest: one.digest })}</code>
          </dd>
        </div>
      </dl>
      <div className={classes.more}>
        <Button size="compact-sm" variant="default" onClick={() => onSeek({ actor: one.actor })}>
          {t("ofActor", { name: one.actor_name || one.actor })}
        </Button>
        {one.subject ? (
          <Button size="compact-sm" variant="default" onClick={() => onSeek({ subject: one.subject ?? undefined })}>
            {t("ofSubject", { name: one.subject_name || one.subject })}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

/** What was there and what was asked for, name by name. */
function Change({ before, after }: { before: unknown; after: unknown }) {
  const { t } = useTranslation("audit");
  const [was, wanted] = [fieldsOf(before), fieldsOf(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(wanted)])];
  return (
    <table className={classes.change}>
      <thead>
        <tr>
          <th scope="col">{t("field.name")}</th>
          {before === undefined ? null : <th scope="col">{t("field.before")}</th>}
          <th scope="col">{t("field.after")}</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {before === undefined ? null : <td>{name in was ? shown(was[name]) : ""}</td>}
            <td>{name in wanted ? shown(wanted[name]) : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The fields of what was asked; `values` of a change of settings are fields themselves. */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  const found = value as Record<string, unknown>;
  return typeof found.values === "object" && found.values !== null && !Array.isArray(found.values)
    ? (found.values as Record<string, unknown>)
    : found;
}

function shown(value: unknown): string {
  if (value === null) return "—";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function flat(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${shown(inner)}`)
    .join(", ");
}
