import { Button, CopyButton, SegmentedControl, Tabs } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconCheck, IconCopy } from "@/components/icons";
import { money } from "@/lib/format";
import { asCode, FORMS, type Form } from "./code";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import type { Preview } from "./effective";
import { bodyOf } from "./fit";

/** Exactly what will be asked for, and the same as a program would write it. */
export default function Panel({ draft, model, preview }: { draft: Draft; model: Model; preview: Preview }) {
  const { t } = useTranslation("create");
  return (
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
  const code = asCode(form, { ...bodyOf(draft, model.video), model: model.id }, window.location.origin, draft.source);
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
