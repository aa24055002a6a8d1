import { Button, CloseButton, Textarea } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconWand, IconX } from "@/components/icons";
import { whole } from "@/lib/format";
import { commandKey } from "@/lib/keyboard";
import { Advanced } from "./advanced";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import { Effective, type Preview, usePreview } from "./effective";
import { bodyOf, type Dropped } from "./fit";
import { ModelPicker } from "./model-picker";
import { Options } from "./options";
import { Pictures } from "./pictures";
import type { Change } from "./state";
import type { useWishes } from "./submit";
import { Summary } from "./summary";

type Props = {
  draft: Draft;
  change: Change;
  choose: (model: Model) => void;
  dropped: Dropped[];
  clear: () => void;
  all: Model[];
  model: Model;
  make: ReturnType<typeof useWishes>["make"];
};

/** What is to be made: words, pictures, and what the model can be told. */
export function Composer({ draft, change, choose, dropped, clear, all, model, make }: Props) {
  const { t, i18n } = useTranslation("create");
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
      make({ body, source: draft.source, size, reference: pictures[0]?.preview || null });
    }
  };
  useHotkeys([["mod+Enter", submit]], []);
  const over = [...draft.prompt].length > model.video.prompt_max;
  return (
    <div className={classes.form}>
      {draft.source ? (
        <div className={classes.source}>
          <span>{t(`source.${draft.source.verb}`, { id: draft.source.id.slice(-6) })}</span>
          <CloseButton
            size="sm"
            icon={<IconX size={14} />}
            aria-label={t("source.drop")}
            onClick={() => change({ source: null })}
          />
        </div>
      ) : null}
      <div className={classes.prompt}>
        <Textarea
          ref={text}
          autosize
          minRows={4}
          maxRows={14}
          autoFocus
          aria-label={t("prompt.label")}
          placeholder={t("prompt.hint")}
          value={draft.prompt}
          error={over}
          onChange={(event) => change({ prompt: event.currentTarget.value })}
        />
        <div className={classes.count} data-over={over || undefined}>
          <span className="num">
            {t("prompt.count", {
              used: whole([...draft.prompt].length, i18n.language),
              most: whole(model.video.prompt_max, i18n.language),
            })}
          </span>
        </div>
      </div>
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
          {draft.variations > 1 ? t("generateMany", { count: draft.variations }) : t("generate")}
        </Button>
      </div>
    </div>
  );
}
