import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Finding } from "@/api/installation";
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from "@/components/icons";
import { Panel } from "@/components/panel";
import { bytes } from "@/lib/format";
import { useMay } from "@/lib/session";
import classes from "./health.module.css";

const ICON = { ok: IconCircleCheck, warn: IconAlertTriangle, fail: IconCircleX };
const WORST = { fail: 0, warn: 1, ok: 2 };
/** Where somebody can do something about it. */
const PAGES: Partial<Record<Finding["name"], { to: string; scope: string }>> = {
  secrets: { to: "/admin/channels", scope: "operate" },
  channels: { to: "/admin/channels", scope: "operate" },
  models: { to: "/admin/models", scope: "operate" },
  decisions: { to: "/admin/queue", scope: "operate" },
  backups: { to: "/admin/backups", scope: "admin" },
};

/** What was looked at, the worst first, each with what to do. */
export function Findings({ findings }: { findings: Finding[] }) {
  const { t } = useTranslation("health");
  const sorted = [...findings].sort((a, b) => WORST[a.state] - WORST[b.state]);
  const bad = findings.filter((one) => one.state !== "ok").length;
  return (
    <Panel title={t("findings.title")} text={t(bad === 0 ? "findings.well" : "findings.unwell", { count: bad })}>
      <ul className={classes.findings}>
        {sorted.map((one) => (
          <FindingLine key={one.name} one={one} />
        ))}
      </ul>
    </Panel>
  );
}

function FindingLine({ one }: { one: Finding }) {
  const { t, i18n } = useTranslation("health");
  const Icon = ICON[one.state];
  const page = PAGES[one.name];
  const may = useMay(page?.scope ?? "admin");
  const amount = one.name === "disk" ? bytes(one.count ?? 0, i18n.language) : String(one.count ?? 0);
  const well = one.state === "ok";
  return (
    <li className={classes.finding}>
      <span className={classes.state} data-state={one.state}>
        <Icon size={17} stroke={1.7} />
        <span className={classes.hidden}>{t(`findings.state.${one.state}`)}</span>
      </span>
      <div className={classes.findingWords}>
        <p>{t(`finding.${one.name}.${well ? "ok" : "bad"}`, { about: one.about, count: one.count, amount })}</p>
        {well ? null : <p className={classes.next}>{t(`finding.${one.name}.next`)}</p>}
      </div>
      {!well && page && may ? (
        <Button component={Link} to={page.to} size="compact-sm" variant="default">
          {t("findings.look")}
        </Button>
      ) : null}
    </li>
  );
}
