import { ActionIcon, Button, Checkbox, Menu, Skeleton, TextInput, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { allPresets, changePreset, forgetPreset, makePreset, type Preset, presetKeys } from "@/api/presets";
import type { Model } from "@/api/types";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { IconDots, IconUsers } from "@/components/icons";
import { aspectOf } from "@/lib/format";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import { draftOf, presetOf } from "./preset";

type Props = { draft: Draft; model: Model; all: Model[]; apply: (part: Partial<Draft>) => void };

/** Parameters kept under names: applied by a click, kept, renamed, brought up to date, forgotten. */
export default function Presets({ draft, model, all, apply }: Props) {
  const { t } = useTranslation("create");
  const found = useQuery(allPresets);
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const shown = found.data?.filter((one) => one.name.toLowerCase().includes(wanted)) ?? [];
  return (
    <div className={classes.presets}>
      {(found.data?.length ?? 0) > 6 ? (
        <TextInput
          size="xs"
          value={text}
          placeholder={t("presets.search")}
          aria-label={t("presets.search")}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      ) : null}
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.isPending ? <Skeleton height={44} animate={false} /> : null}
      {found.data?.length === 0 ? <p className={classes.nothing}>{t("presets.none")}</p> : null}
      <ul className={classes.presetList}>
        {shown.map((one) => (
          <Row key={one.id} one={one} draft={draft} model={model} all={all} apply={apply} />
        ))}
      </ul>
      <Keep draft={draft} model={model} />
    </div>
  );
}

function Row({ one, draft, model, all, apply }: { one: Preset } & Props) {
  const { t } = useTranslation(["create", "common"]);
  const [name, setName] = useState<string | null>(null);
  const change = useDo(
    (wish: Parameters<typeof changePreset>[1]) => changePreset(one.id, wish),
    presetKeys.all,
    t("presets.kept"),
  );
  const forget = useDo(() => forgetPreset(one.id), presetKeys.all);
  const part = draftOf(one.body);
  const known = all.find((other) => other.id === part.model);
  const gone = part.model !== null && !known;
  const about = [
    known?.video.title ?? part.model,
    part.seconds ? t("options.s", { count: part.seconds }) : null,
    part.size ? (aspectOf(part.size) ?? part.size) : null,
    part.prompt,
  ];
  if (name !== null) {
    const rename = (event: FormEvent) => {
      event.preventDefault();
      if (name.trim() && name.trim() !== one.name) change.mutate({ name: name.trim(), body: one.body, shared: one.shared });
      setName(null);
    };
    return (
      <li>
        <form className={classes.presetName} onSubmit={rename}>
          <TextInput
            size="xs"
            autoFocus
            maxLength={100}
            aria-label={t("presets.name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.stopPropagation();
              setName(null);
            }}
          />
          <Button type="submit" size="compact-sm">
            {t("common:save")}
          </Button>
        </form>
      </li>
    );
  }
  return (
    <li className={classes.presetRow}>
      <UnstyledButton className={classes.presetApply} onClick={() => apply(gone ? { ...part, model: draft.model } : part)}>
        <span className={classes.presetTitle}>
          {one.name}
          {one.shared ? <IconUsers size={13} aria-label={t("presets.shared")} /> : null}
        </span>
        <span className={classes.facts}>
          {gone ? `${t("presets.gone", { model: part.model })} ` : null}
          {about.filter(Boolean).join(" · ")}
        </span>
      </UnstyledButton>
      {one.mine ? (
        <Menu position="bottom-end" width={220} withinPortal={false}>
          <Menu.Target>
            <ActionIcon aria-label={t("presets.more", { name: one.name })}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => setName(one.name)}>{t("presets.rename")}</Menu.Item>
            <Menu.Item
              onClick={() =>
                change.mutate({ name: one.name, shared: one.shared, body: presetOf(draft, model, part.prompt !== undefined) })
              }
            >
              {t("presets.update")}
            </Menu.Item>
            <Menu.Item onClick={() => change.mutate({ name: one.name, body: one.body, shared: !one.shared })}>
              {t(one.shared ? "presets.unshare" : "presets.share")}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item color="red" onClick={() => forget.mutate()}>
              {t("presets.forget")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </li>
  );
}

function Keep({ draft, model }: { draft: Draft; model: Model }) {
  const { t } = useTranslation(["create", "common"]);
  const [name, setName] = useState("");
  const [prompt, setPrompt] = useState(false);
  const [shared, setShared] = useState(false);
  const keep = useDo(makePreset, presetKeys.all, t("presets.kept"));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim()) return;
    keep.mutate({ name: name.trim(), shared, body: presetOf(draft, model, prompt) }, { onSuccess: () => setName("") });
  };
  return (
    <form className={classes.presetKeep} onSubmit={submit}>
      <TextInput
        size="xs"
        label={t("presets.keep")}
        placeholder={t("presets.name")}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <div className={classes.presetWishes}>
        <Checkbox
          size="xs"
          label={t("presets.withPrompt")}
          checked={prompt}
          onChange={(event) => setPrompt(event.currentTarget.checked)}
        />
        <Checkbox
          size="xs"
          label={t("presets.forAll")}
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <Button type="submit" size="compact-sm" loading={keep.isPending} disabled={!name.trim()}>
          {t("common:save")}
        </Button>
      </div>
    </form>
  );
}
