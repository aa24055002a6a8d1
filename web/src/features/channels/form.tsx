import { Button, Checkbox, Drawer, NumberInput, PasswordInput, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { allDialects, type Channel, changeChannel, channelKeys, type Dialect, makeChannel } from "@/api/channels";
import { modelKeys } from "@/api/models";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import classes from "./channels.module.css";
import { type Field, fieldsOf, linesOf, modelsOf, SettingField } from "./settings";

type Draft = {
  name: string;
  dialect: string;
  base_url: string;
  secret: string;
  models: string;
  concurrency: number;
  self_hosted: boolean;
  settings: Record<string, unknown>;
};

function begin(channel: Channel | null): Draft {
  return {
    name: channel?.name ?? "",
    dialect: channel?.dialect ?? "",
    base_url: channel?.base_url ?? "",
    secret: "",
    models: channel ? linesOf(channel.models) : "",
    concurrency: channel?.concurrency ?? 4,
    self_hosted: channel?.self_hosted ?? false,
    settings: { ...(channel?.settings ?? {}) },
  };
}

/** A channel as its dialect wants it; a secret goes in and never comes out. */
export function ChannelForm({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const { t } = useTranslation(["channels", "common"]);
  const dialects = useQuery(allDialects);
  const [draft, setDraft] = useState(() => begin(channel));
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const dialect = dialects.data?.find((one) => one.name === draft.dialect) ?? null;
  const save = useDo(() => send(channel, draft), channelKeys.all, t("saved"));
  const again = useDo(async () => {}, modelKeys.all);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(undefined, {
      onSuccess: () => {
        again.mutate();
        onClose();
      },
    });
  };
  const choose = (name: string | null) => {
    const next = dialects.data?.find((one) => one.name === name);
    if (next) set({ dialect: next.name, models: suggested(next), settings: {} });
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t(channel ? "form.edit" : "form.new")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <form className={classes.form} onSubmit={submit}>
        <Select
          label={t("form.dialect")}
          description={dialect?.title}
          required
          searchable
          disabled={channel !== null}
          value={draft.dialect || null}
          onChange={choose}
          data={dialects.data?.map((one) => one.name) ?? []}
        />
        <TextInput
          label={t("form.name")}
          required
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          label={t("form.address")}
          description={dialect?.base_path ? t("form.addressEnds", { path: dialect.base_path }) : undefined}
          required={dialect?.needs_address ?? false}
          value={draft.base_url}
          onChange={(event) => set({ base_url: event.currentTarget.value })}
        />
        <PasswordInput
          label={t("form.secret")}
          description={t(channel?.has_secret ? "form.secretKept" : "form.secretHint")}
          autoComplete="off"
          value={draft.secret}
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
          onChange={(event) => set({ models: event.currentTarget.value })}
        />
        <NumberInput
          label={t("form.concurrency")}
          min={1}
          max={1000}
          value={draft.concurrency}
          onChange={(value) => set({ concurrency: Number(value) || 1 })}
        />
        <Checkbox
          label={t("form.selfHosted")}
          checked={draft.self_hosted}
          onChange={(event) => set({ self_hosted: event.currentTarget.checked })}
        />
        {fieldsOf(dialect?.settings ?? null).map((field: Field) => (
          <SettingField
            key={field.name}
            field={field}
            value={draft.settings[field.name]}
            onChange={(value) => set({ settings: { ...draft.settings, [field.name]: value } })}
          />
        ))}
        {save.error ? <Broken thrown={save.error} compact /> : null}
        <div className={classes.formButtons}>
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={draft.dialect === "" || draft.name.trim() === "" || draft.models.trim() === ""}
          >
            {t("common:save")}
          </Button>
        </div>
      </form>
    </Drawer>
  );
}

function suggested(dialect: Dialect): string {
  const living = dialect.models.filter((one) => one.sunset?.state !== "ended");
  return living.map((one) => one.name).join("\n");
}

async function send(channel: Channel | null, draft: Draft): Promise<Channel> {
  const settings = Object.fromEntries(Object.entries(draft.settings).filter(([, value]) => value !== undefined && value !== ""));
  const common = {
    name: draft.name.trim(),
    base_url: draft.base_url.trim(),
    models: modelsOf(draft.models),
    concurrency: draft.concurrency,
    self_hosted: draft.self_hosted,
    // The generated type of an open object allows nothing in it.
    settings: settings as Record<string, never>,
  };
  const secret = draft.secret === "" ? {} : { secret: draft.secret };
  return channel
    ? changeChannel(channel.id, { ...common, ...secret })
    : makeChannel({ ...common, ...secret, dialect: draft.dialect });
}
