import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCharacters } from "@/api/use-characters";
import { IconUser } from "@/components/icons";
import classes from "./create.module.css";
import type { Named } from "./draft";
import { useSettled } from "./state";

const SHOWN = 8;
const SETTLED_MS = 150;

export const LIST_ID = "characters-to-name";
export type KeyTaker = RefObject<((event: KeyboardEvent) => boolean) | null>;

type Props = {
  typed: string;
  /** Where the prompt passes its keys while the list is open. */
  keys: KeyTaker;
  onPick: (one: Named) => void;
  onKnown: (one: Named) => void;
  onClose: () => void;
  onActive: (id: string | null) => void;
};

/** The characters whose names begin as typed, under the prompt. */
export default function Mention({ typed, keys, onPick, onKnown, onClose, onActive }: Props) {
  const { t } = useTranslation("create");
  const settled = useSettled(typed, SETTLED_MS);
  const { list: found, items } = useCharacters(settled);
  const small = typed.toLowerCase();
  const shown = items
    .filter((one) => one.name?.toLowerCase().includes(small))
    .slice(0, SHOWN)
    .map((one) => ({ id: one.id, name: one.name ?? "", picture: one.media.picture ?? one.media.thumbnail ?? null }));
  const [at, setAt] = useState(0);
  const here = shown[Math.min(at, shown.length - 1)];
  // Who writes a whole name means it, also without picking it.
  const exact = shown.find((one) => one.name === typed);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once for each name
  useEffect(() => {
    if (exact) onKnown(exact);
  }, [exact?.id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other letters begin at the first again
  useEffect(() => setAt(0), [typed]);
  useEffect(() => onActive(here ? `${LIST_ID}-${here.id}` : null), [here, onActive]);
  useEffect(() => {
    keys.current = (event) => {
      if (event.key === "Escape") onClose();
      else if (!here || event.nativeEvent.isComposing) return false;
      else if (event.key === "ArrowDown") setAt((now) => (now + 1) % shown.length);
      else if (event.key === "ArrowUp") setAt((now) => (now + shown.length - 1) % shown.length);
      else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") onPick(here);
      else return false;
      return true;
    };
    return () => {
      keys.current = null;
    };
  });
  if (shown.length === 0) {
    if (found.isPending || typed !== "") return null;
    return (
      <div className={classes.mention}>
        <p className={classes.nothing}>
          {t("cast.none")} <Link to="/characters">{t("cast.make")}</Link>
        </p>
      </div>
    );
  }
  return (
    <div className={classes.mention} id={LIST_ID} role="listbox" aria-label={t("cast.list")}>
      {shown.map((one) => (
        <button
          key={one.id}
          id={`${LIST_ID}-${one.id}`}
          type="button"
          role="option"
          tabIndex={-1}
          aria-selected={one.id === here?.id}
          className={classes.mentionRow}
          // The prompt keeps the focus: a press would take it away before the click.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(one)}
        >
          <span className={classes.face}>
            {one.picture ? <img src={one.picture} alt="" loading="lazy" /> : <IconUser size={16} stroke={1.4} />}
          </span>
          <span className={classes.mentionName}>{`@${one.name}`}</span>
        </button>
      ))}
    </div>
  );
}
