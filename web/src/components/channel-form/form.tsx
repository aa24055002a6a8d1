import { Button, Checkbox, NumberInput, PasswordInput, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { allDialects, type Channel, changeChannel, channelKeys, type Dialect, makeChannel } from "@/api/channels";
import { modelKeys } from "@/api/models";
import { operatedKeys } from "@/api/operated";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { asFailure } from "@/lib/failure";
import classes from "./channel-form.module.css";
import { begin, bodyOf, type Draft, suggested } from "./draft";
import { More } from "./more";
import { type Field, fieldsOf, isRare, SettingField } from "./settings";

type Props = { channel: Channel | null; word?: string; beside?: ReactNode; onSaved: (channel: Channel) => void };

/** A channel as its dialect wants it; a secret goes in and never comes out. */
export function ChannelForm({ channel, word, beside, onSaved }: Props) {
  const { t } = useTranslation(["channels", "common"]);
  const dialects = useQuery(allDialects);
  const [draft, setDraft] = useState(() => begin(channel));
  const [start, setStart] = useState("");
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const dialect = dialects.data?.find((one) => one.name === draft.dialect) ?? null;
  const save = useDo(
    () => (channel ? changeChannel(channel.id, bodyOf(draft)) : makeChannel({ ...bodyOf(draft), dialect: draft.dialect })),
    channelKeys.all,
    t("saved"),
    true,
  );
  const again = useDo(async () => {}, modelKeys.all);
  const operated = useDo(async () => {}, operatedKeys.all);
  const wrong = save.error ? asFailure(save.error) : null;
  const at = (name: string) =>
    wrong?.param && (wrong.param === name || wrong.param.startsWith(`${name}.`)) ? wrong.message : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(undefined, {
      onSuccess: (saved) => {
        again.mutate();
        operated.mutate();
        onSaved(saved);
      },
    });
  };
  const choose = (name: string | null) => {
    const next = dialects.data?.find((one) => one.name === name);
    setStart("");
    if (next) set({ dialect: next.name, models: suggested(next), settings: {} });
  };
  const setting = (field: Field) => (
    <SettingField
      key={`${draft.dialect} ${start} ${field.name}`}
      field={field}
      value={draft.settings[field.name]}
      error={at(`settings.${field.name}`)}
      onChange={(value) => set({ settings: { ...draft.settings, [field.name]: value } })}
    />
  );
  const fields = fieldsOf(dialect?.settings ?? null);
  if (dialects.error) return <Broken thrown={dialects.error} again={() => void dialects.refetch()} compact />;
  return (
    <form className={classes.form} onSubmit={submit}>
      <Select
        label={t("form.dialect")}
        description={dialect ? <About dialect={dialect} /> : undefined}
        required
        searchable
        disabled={channel !== null}
        value={draft.dialect || null}
        onChange={choose}
        error={at("dialect")}
        data={dialects.data?.map((one) => one.name) ?? []}
      />
      {dialect && dialect.starts.length > 0 ? (
        <Select
          label={t("form.start")}
          description={dialect.starts.find((one) => one.name === start)?.about ?? t("form.startHint")}
          value={start || null}
          onChange={(name) => {
            const found = dialect.starts.find((one) => one.name === name);
            setStart(found?.name ?? "");
            if (found) set({ settings: { ...draft.settings, ...found.settings } });
          }}
          data={dialect.starts.map((one) => one.name)}
        />
      ) : null}
      <TextInput
        label={t("form.name")}
        required
        value={draft.name}
        error={at("name")}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        label={t("form.address")}
        description={dialect?.base_path ? t("form.addressEnds", { path: dialect.base_path }) : undefined}
        required={dialect?.needs_address ?? false}
        value={draft.base_url}
        error={at("base_url")}
        onChange={(event) => set({ base_url: event.currentTarget.value })}
      />
      <PasswordInput
        label={t("form.secret")}
        description={t(channel?.has_secret ? "form.secretKept" : "form.secretHint")}
        autoComplete="off"
        value={draft.secret}
        error={at("secret")}
        onChange={(event) => set({ secret: event.currentTarget.value })}
      />
      <Textarea
        label={t("form.models")}
        description={t("form.modelsHint")}
        required
        autosize
        minRows={3}
        maxRows={10}
        value={draft.models}
        error={at("models")}
        onChange={(event) => set({ models: event.currentTarget.value })}
      />
      <NumberInput
        label={t("form.concurrency")}
        min={1}
        max={10_000}
        value={draft.concurrency}
        error={at("concurrency")}
        onChange={(value) => set({ concurrency: Number(value) || 1 })}
      />
      <Checkbox
        label={t("form.selfHosted")}
        checked={draft.self_hosted}
        onChange={(event) => set({ self_hosted: event.currentTarget.checked })}
      />
      {fields.filter((field) => !isRare(field)).map(setting)}
      <details className={classes.more}>
        <summary>{t("form.more")}</summary>
        <div className={classes.form}>
          <More draft={draft} set={set} wrong={at} />
          {fields.filter(isRare).map(setting)}
        </div>
      </details>
      {save.error ? <Broken thrown={save.error} compact /> : null}
      <div className={classes.buttons}>
        {beside}
        <Button
          type="submit"
          loading={save.isPending}
          disabled={draft.dialect === "" || draft.name.trim() === "" || draft.models.trim() === ""}
        >
          {word ?? t("common:save")}
        </Button>
      </div>
    </form>
  );
}

function About({ dialect }: { dialect: Dialect }) {
  const { t } = useTranslation("channels");
  return (
    <>
      {dialect.title} {t(`form.tried.${dialect.tried as "real" | "recorded" | "no"}`, { day: dialect.checked })}
    </>
  );
}
