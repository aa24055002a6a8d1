import { CloseButton, Textarea, Tooltip } from "@mantine/core";
import { type KeyboardEvent, lazy, type RefObject, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconX } from "@/components/icons";
import { whole } from "@/lib/format";
import { completed, meant, typedName, withNamed } from "./cast";
import classes from "./create.module.css";
import type { Draft, Named } from "./draft";
import type { KeyTaker } from "./mention";
import type { Change } from "./state";

const Mention = lazy(() => import("./mention"));
const LIST_ID = "characters-to-name";

type Props = { draft: Draft; change: Change; model: Model; text: RefObject<HTMLTextAreaElement | null> };

/** The words; an `@` names characters of the project. */
export function Prompt({ draft, change, model, text }: Props) {
  const { t, i18n } = useTranslation("create");
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState<string | null>(null);
  const keys: KeyTaker = useRef(null);
  const used = [...draft.prompt].length;
  const most = model.video.prompt_max;
  const look = (area: HTMLTextAreaElement) =>
    setTyped(area.selectionStart === area.selectionEnd ? typedName(area.value, area.selectionStart) : null);
  const press = (event: KeyboardEvent) => {
    if (typed === null || !keys.current?.(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const pick = (one: Named) => {
    const area = text.current;
    if (!area) return;
    const now = completed(area.value, area.selectionStart, one.name);
    change((before) => ({ prompt: now.text, cast: withNamed(before.cast, one) }));
    setTyped(null);
    // The caret can only be put where the text already is.
    requestAnimationFrame(() => {
      area.focus();
      area.setSelectionRange(now.caret, now.caret);
    });
  };
  return (
    <div className={classes.prompt}>
      <Textarea
        ref={text}
        autosize
        minRows={4}
        maxRows={14}
        autoFocus
        aria-label={t("prompt.label")}
        aria-autocomplete="list"
        aria-controls={typed === null ? undefined : LIST_ID}
        aria-activedescendant={typed === null ? undefined : (active ?? undefined)}
        placeholder={t("prompt.hint")}
        value={draft.prompt}
        error={used > most}
        onChange={(event) => {
          change({ prompt: event.currentTarget.value });
          look(event.currentTarget);
        }}
        onClick={(event) => look(event.currentTarget)}
        onKeyUp={(event) => event.key.startsWith("Arrow") && typed === null && look(event.currentTarget)}
        onKeyDown={press}
        onBlur={() => setTyped(null)}
      />
      <div className={classes.count} data-over={used > most || undefined}>
        <span className="num">{t("prompt.count", { used: whole(used, i18n.language), most: whole(most, i18n.language) })}</span>
      </div>
      {typed === null ? null : (
        <Suspense>
          <Mention
            typed={typed}
            keys={keys}
            onPick={pick}
            onKnown={(one) => change((before) => ({ cast: withNamed(before.cast, one) }))}
            onClose={() => setTyped(null)}
            onActive={setActive}
          />
        </Suspense>
      )}
    </div>
  );
}

/** Who the prompt names; those the model has no room for are struck and say why. */
export function Cast({ draft, change, model }: Omit<Props, "text">) {
  const { t } = useTranslation("create");
  const named = meant(draft.prompt, draft.cast);
  const most = draft.source && draft.source.verb !== "remix" ? 0 : model.video.characters;
  if (named.length === 0) return null;
  const forget = (one: Named) =>
    change((before) => ({
      cast: before.cast.filter((other) => other.id !== one.id),
      prompt: before.prompt.replaceAll(`@${one.name}`, one.name),
    }));
  return (
    <ul className={classes.cast} aria-label={t("cast.named")}>
      {named.map((one, n) => {
        const why = n < most ? null : t("cast.over", { model: model.video.title, count: most });
        return (
          <Tooltip key={one.id} label={why ?? t("cast.sent")} multiline maw={260}>
            <li className={classes.named} data-struck={why ? true : undefined}>
              {`@${one.name}`}
              {why ? <span className={classes.hidden}>{why}</span> : null}
              <CloseButton
                size="xs"
                icon={<IconX size={12} />}
                aria-label={t("cast.remove", { name: one.name })}
                onClick={() => forget(one)}
              />
            </li>
          </Tooltip>
        );
      })}
    </ul>
  );
}
