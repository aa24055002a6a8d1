import { Button, CopyButton, Popover, SegmentedControl, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Looked, Model } from "@/api/types";
import { lookAtCreate } from "@/api/videos";
import { IconCheck, IconCode, IconCopy } from "@/components/icons";
import { asFailure, type Failure } from "@/lib/failure";
import { money } from "@/lib/format";
import { asCode, FORMS, type Form } from "./code";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import { bodyOf } from "./fit";
import { useSettled } from "./state";

export type Preview = { looked: Looked | null; failure: Failure | null; busy: boolean };

const SETTLED_MS = 400;

/** Asks the server what the draft would come to, shortly after it was last changed. */
export function usePreview(draft: Draft, model: Model): Preview {
  const body = useMemo(() => ({ ...bodyOf(draft, model.video), model: model.id }), [draft, model]);
  const settled = useSettled(JSON.stringify(body), SETTLED_MS);
  const asked = useQuery<Looked>({
    queryKey: ["effective", settled],
    enabled:
      (JSON.parse(settled) as { prompt: string }).prompt.trim() !== "" &&
      draft.source?.verb !== "extend" &&
      draft.source?.verb !== "edit",
    retry: false,
    staleTime: 30_000,
    placeholderData: (before) => before,
    queryFn: ({ signal }) => lookAtCreate(JSON.parse(settled) as typeof body, signal),
  });
  const refused = asked.error ? asFailure(asked.error) : null;
  return {
    looked: refused ? null : (asked.data ?? null),
    failure: refused && refused.status >= 400 && refused.status < 500 ? refused : null,
    busy: asked.isFetching,
  };
}

/** Behind one click: exactly what will be asked for, and the same as a program would write it. */
export function Effective({ draft, model, preview }: { draft: Draft; model: Model; preview: Preview }) {
  const { t } = useTranslation("create");
  return (
    <Popover width={440} position="top-end" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="subtle" color="gray" leftSection={<IconCode size={16} stroke={1.6} />}>
          {t("effective.open")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.effective}>
        <Tabs defaultValue="request">
          <Tabs.List>
            <Tabs.Tab value="request">{t("effective.title")}</Tabs.Tab>
            <Tabs.Tab value="code">{t("effective.code")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="request" pt={12}>
            <Request preview={preview} />
          </Tabs.Panel>
          <Tabs.Panel value="code" pt={12}>
            <Code draft={draft} model={model} />
          </Tabs.Panel>
        </Tabs>
      </Popover.Dropdown>
    </Popover>
  );
}

function Request({ preview }: { preview: Preview }) {
  const { t, i18n } = useTranslation("create");
  const { looked, failure } = preview;
  if (failure) return <p className={classes.refused}>{failure.message}</p>;
  if (!looked) return <p className="quiet">{t("effective.none")}</p>;
  const { effective, adapted, quote } = looked;
  const rows: [string, string][] = [
    [
      t("effective.model"),
      effective.served_by === effective.model ? effective.model : `${effective.model} → ${effective.served_by}`,
    ],
    [t("options.seconds"), t("options.s", { count: effective.total_seconds })],
    [t("options.size"), `${effective.size.replace("x", " × ")} (${effective.aspect_ratio})`],
    [
      t("effective.inputs"),
      inputsOf(effective.inputs, (role, count) => t("effective.input", { role: t(`slots.${role}`), count })) ||
        t("effective.noInputs"),
    ],
    [
      t("advanced.audio"),
      effective.audio === null ? t("effective.upstream") : t(effective.audio ? "advanced.on" : "advanced.off"),
    ],
    [t("advanced.seed"), effective.seed === null ? t("effective.upstream") : String(effective.seed)],
    [
      t("effective.price"),
      Number(quote.amount) > 0 ? money(quote.amount, quote.currency, i18n.language) : t("effective.noPrice"),
    ],
  ];
  return (
    <div>
      <dl className={classes.facts2}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
      {effective.defaults.length > 0 ? (
        <p className={classes.note}>{t("effective.defaults", { list: effective.defaults.join(", ") })}</p>
      ) : null}
      {adapted.map((one) => (
        <p key={one.field} className={classes.note}>
          {t("effective.changed", { field: one.field, from: String(one.from), to: String(one.to), why: one.why })}
        </p>
      ))}
    </div>
  );
}

type Slots = "first_frame" | "last_frame" | "reference";

function inputsOf(inputs: Record<string, number>, say: (role: Slots, count: number) => string): string {
  return Object.entries(inputs)
    .filter(([role, count]) => count > 0 && ["first_frame", "last_frame", "reference"].includes(role))
    .map(([role, count]) => say(role as Slots, count))
    .join(", ");
}

function Code({ draft, model }: { draft: Draft; model: Model }) {
  const { t } = useTranslation("create");
  const [form, setForm] = useState<Form>("curl");
  const code = asCode(form, { ...bodyOf(draft, model.video), model: model.id }, window.location.origin);
  return (
    <div className={classes.code}>
      <div className={classes.codeTop}>
        <SegmentedControl
          size="xs"
          value={form}
          onChange={(value) => setForm(value as Form)}
          aria-label={t("effective.code")}
          data={FORMS.map((value) => ({ value, label: t(`effective.forms.${value}`) }))}
        />
        <CopyButton value={code}>
          {({ copied, copy }) => (
            <Button
              size="compact-sm"
              variant="default"
              onClick={copy}
              leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            >
              {t(copied ? "effective.copied" : "effective.copy")}
            </Button>
          )}
        </CopyButton>
      </div>
      <pre className={classes.pre}>{code}</pre>
    </div>
  );
}
