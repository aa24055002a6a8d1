import { Autocomplete, Button, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Tuned } from "@/api/installation";
import { useSaid } from "./said";
import classes from "./settings.module.css";
import { isTime, sizeOf, type Unit, unitFor, unitsOf } from "./units";

type Props = { one: Tuned; busy: boolean; onSave: (value: unknown) => void; onClose: () => void };

/** Where a setting gets another value, of its own kind and within its bounds. */
export function Editor({ one, busy, onSave, onClose }: Props) {
  const { t } = useTranslation(["settings", "common"]);
  const said = useSaid(one);
  const [value, setValue] = useState<unknown>(one.value);
  const wrong = wrongOf(one, value);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong) onSave(value);
  };
  return (
    <form className={classes.editor} onSubmit={submit}>
      <Input one={one} value={value} onChange={setValue} wrong={wrong ? <Bounds one={one} /> : null} />
      <div className={classes.buttons}>
        <Button type="submit" size="compact-md" loading={busy} disabled={wrong || value === one.value}>
          {t("common:save")}
        </Button>
        <Button size="compact-md" variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        {one.is_set ? (
          <Button size="compact-md" variant="subtle" color="gray" disabled={busy} onClick={() => onSave(null)}>
            {t("backTo", { value: said(one.default) })}
          </Button>
        ) : null}
      </div>
    </form>
  );
}

function isNumber(one: Tuned): boolean {
  return one.kind === "number" || one.kind === "bytes" || one.kind === "seconds";
}

/** Whether a value lies outside the bounds; the server says the rest. */
export function wrongOf(one: Tuned, value: unknown): boolean {
  if (isNumber(one)) {
    if (typeof value !== "number" || !Number.isInteger(value)) return true;
    return !(value >= one.least && value <= one.most) && !(one.unlimited && value === 0);
  }
  if (typeof value !== "string") return typeof value !== "boolean";
  const length = value.trim().length;
  return length < one.least || length > one.most;
}

function Bounds({ one }: { one: Tuned }) {
  const { t } = useTranslation("settings");
  const said = useSaid({ ...one, unlimited: false });
  if (!isNumber(one)) return t("bounds.text", { least: one.least, most: one.most });
  const bounds = { least: said(one.least), most: said(one.most) };
  return t(one.unlimited ? "bounds.orNone" : "bounds.number", bounds);
}

type InputProps = { one: Tuned; value: unknown; wrong: ReactNode; onChange: (value: unknown) => void };

function Input({ one, value, wrong, onChange }: InputProps) {
  const { t } = useTranslation("settings");
  const text = typeof value === "string" ? value : "";
  if (one.kind === "flag")
    return (
      <Switch
        label={t(value === true ? "on" : "off")}
        aria-label={one.key}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  if (isNumber(one)) return <Quantity one={one} value={value} wrong={wrong} onChange={onChange} />;
  const about = { label: one.key, description: <Bounds one={one} />, error: wrong, value: text };
  if (one.choices.length > 0) return <Autocomplete {...about} data={[...one.choices]} onChange={onChange} data-autofocus />;
  return <TextInput {...about} onChange={(event) => onChange(event.currentTarget.value)} data-autofocus />;
}

function Quantity({ one, value, wrong, onChange }: InputProps) {
  const { t } = useTranslation("settings");
  const now = typeof value === "number" ? value : 0;
  const [unit, setUnit] = useState<Unit | null>(() => unitFor(one.kind, now));
  const units = unitsOf(one.kind);
  const bounds = useId();
  return (
    <div className={classes.quantity}>
      <NumberInput
        label={one.key}
        aria-describedby={bounds}
        error={Boolean(wrong)}
        min={0}
        data-autofocus
        value={typeof value === "number" ? value / sizeOf(unit) : ""}
        onChange={(next) => onChange(next === "" ? null : Math.round(Number(next) * sizeOf(unit)))}
      />
      {units.length > 0 ? (
        <Select
          aria-label={t("unit")}
          w={110}
          allowDeselect={false}
          value={unit}
          data={units.map(([name]) => ({ value: name, label: isTime(name) ? t(`units.${name}`) : name }))}
          onChange={(next) => setUnit(next as Unit)}
        />
      ) : null}
      <p id={bounds} className={classes.bounds} data-wrong={wrong ? true : undefined}>
        <Bounds one={one} />
      </p>
    </div>
  );
}
