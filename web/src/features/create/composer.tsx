import { Button, CloseButton, Popover, Skeleton } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { lazy, Suspense, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconBookmark, IconWand, IconX } from "@/components/icons";
import { commandKey } from "@/lib/keyboard";
import { Advanced } from "./advanced";
import classes from "./create.module.css";
import type { Draft, Source } from "./draft";
import { Effective, type Preview, usePreview } from "./effective";
import { bodyOf, type Dropped } from "./fit";
import { ModelPicker } from "./model-picker";
import { Options } from "./options";
import { Pictures } from "./pictures";
import { Cast, Prompt } from "./prompt";
import type { Change } from "./state";
import type { useWishes } from "./submit";
import { Summary } from "./summary";

const Presets = lazy(() => import("./presets"));

type Props = {
  draft: Draft;
  change: Change;
  choose: (model: Model, draft?: Draft) => void;
  dropped: Dropped[];
  clear: () => void;
  all: Model[];
  model: Model;
  make: ReturnType<typeof useWishes>["make"];
};

/** What is to be made: words, pictures, and what the model can be told. */
export function Composer({ draft, change, choose, dropped, clear, all, model, make }: Props) {
  const { t } = useTranslation("create");
  const text = useRef<HTMLTextAreaElement>(null);
  const preview = usePreview(draft, model);
  const pictures = Object.values(draft.pictures).flat();
  const waiting = pictures.some((one) => one.fileId === null && one.url === null && one.failed === null);
  const ready = draft.prompt.trim() !== "" && !waiting && [...draft.prompt].length <= model.video.prompt_max;
  const submit = () => {
    if (!ready) {
      text.current?.focus();
      return;
    }
    const size = draft.size ?? model.video.size_default;
    for (let n = 0; n < draft.variations; n += 1) {
      const body = { ...bodyOf(draft, model.video, n), model: model.id };
      for (const source of sourcesOf(draft)) make({ body, source, size, reference: pictures[0]?.preview || null });
    }
  };
  useHotkeys([["mod+Enter", submit]], []);
  const apply = (part: Partial<Draft>) => {
    const next = all.find((one) => one.id === part.model);
    const moved = { ...draft, ...part, model: next?.id ?? draft.model };
    if (next) choose(next, moved);
    else change(moved);
  };
  return (
    <div className={classes.form}>
      <div className={classes.top}>
        {draft.source ? <From source={draft.source} onDrop={() => change({ source: null })} /> : <span />}
        <PresetButton draft={draft} model={model} all={all} apply={apply} />
      </div>
      <Prompt draft={draft} change={change} model={model} text={text} />
      <Cast draft={draft} change={change} model={model} />
      <Pictures draft={draft} change={change} able={model.video} modelTitle={model.video.title} />
      <ModelPicker all={all} model={model} choose={choose} />
      {dropped.length > 0 ? (
        <p className={classes.dropped} role="status">
          {t("dropped.text", {
            model: model.video.title,
            what: dropped.map((what) => t(`dropped.${what}`)).join(t("dropped.and")),
          })}
        </p>
      ) : null}
      <Options draft={draft} change={change} all={all} model={model} />
      <Advanced draft={draft} change={change} model={model} />
      <Foot draft={draft} model={model} preview={preview} ready={ready} waiting={waiting} submit={submit} clear={clear} />
    </div>
  );
}

/** What a wish is made from; null stands for making something new. */
function sourcesOf({ source }: Draft): (Source | null)[] {
  if (!source) return [null];
  return [source.id, ...(source.others ?? [])].map((id) => ({ id, verb: source.verb }));
}

/** How many clips pressing the button makes. */
function countOf(draft: Draft): number {
  return draft.variations * sourcesOf(draft).length;
}

function From({ source, onDrop }: { source: Source; onDrop: () => void }) {
  const { t } = useTranslation("create");
  const others = source.others?.length ?? 0;
  return (
    <div className={classes.source}>
      <span>
        {others > 0
          ? t(`source.many.${source.verb}`, { count: others + 1 })
          : t(`source.${source.verb}`, { id: source.id.slice(-6) })}
      </span>
      <CloseButton size="sm" icon={<IconX size={14} />} aria-label={t("source.drop")} onClick={onDrop} />
    </div>
  );
}

type PresetProps = { draft: Draft; model: Model; all: Model[]; apply: (part: Partial<Draft>) => void };

function PresetButton(props: PresetProps) {
  const { t } = useTranslation("create");
  const [open, { close, toggle, open: show }] = useDisclosure(false);
  return (
    <Popover opened={open} onChange={(on) => (on ? show() : close())} width={380} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconBookmark size={15} stroke={1.6} />}
          onClick={toggle}
        >
          {t("presets.open")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.modelList}>
        <Suspense fallback={<Skeleton height={120} animate={false} />}>
          <Presets
            {...props}
            apply={(part) => {
              props.apply(part);
              close();
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}

type FootProps = {
  draft: Draft;
  model: Model;
  preview: Preview;
  ready: boolean;
  waiting: boolean;
  submit: () => void;
  clear: () => void;
};

function Foot({ draft, model, preview, ready, waiting, submit, clear }: FootProps) {
  const { t } = useTranslation("create");
  return (
    <div className={classes.foot}>
      <Summary draft={draft} model={model} preview={preview} />
      <div className={classes.buttons}>
        <Effective draft={draft} model={model} preview={preview} />
        <Button variant="subtle" color="gray" onClick={clear} disabled={draft.prompt === "" && draft.source === null}>
          {t("clear")}
        </Button>
        <Button
          className={classes.go}
          leftSection={<IconWand size={16} stroke={1.8} />}
          rightSection={<span className={classes.key}>{commandKey("↵")}</span>}
          onClick={submit}
          loading={waiting}
          data-ready={ready || undefined}
          disabled={!ready && !waiting}
        >
          {countOf(draft) > 1 ? t("generateMany", { count: countOf(draft) }) : t("generate")}
        </Button>
      </div>
    </div>
  );
}
