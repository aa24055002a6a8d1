import type { MouseEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Item } from "@/api/library";
import { IconAlertTriangle, IconHeartFilled, IconSquare, IconSquareCheck, IconUser } from "@/components/icons";
import { Progress } from "@/components/progress";
import { Scrub } from "@/components/scrub";
import { useTold } from "@/components/told";
import { duration } from "@/lib/format";
import classes from "./library.module.css";

type Props = {
  item: Item;
  width: number;
  height: number;
  selected: boolean;
  current: boolean;
  onPick: (event: MouseEvent) => void;
  onToggle: (event: MouseEvent) => void;
  onOpen: () => void;
};

/** What an item is called: its name, else what was asked for. */
export function titleOf(item: Pick<Item, "name" | "prompt" | "id">): string {
  return item.name || item.prompt || item.id;
}

/** One item in its true shape. */
export function LibraryTile({ item, width, height, selected, current, onPick, onToggle, onOpen }: Props) {
  const { t, i18n } = useTranslation("library");
  const title = titleOf(item);
  return (
    <article
      className={classes.tile}
      style={{ width, height }}
      data-selected={selected || undefined}
      data-current={current || undefined}
      aria-label={title}
    >
      <button type="button" className={classes.pick} onClick={onPick} onDoubleClick={onOpen} aria-pressed={current}>
        <Face item={item} title={title} narrow={width < 150} />
        <span className={classes.shade} aria-hidden="true">
          <span className={classes.caption}>{title}</span>
        </span>
        {item.seconds && item.media.video ? (
          <span className={classes.length}>{duration(item.seconds, i18n.language)}</span>
        ) : null}
      </button>
      {item.favourite ? <IconHeartFilled className={classes.heart} size={15} aria-label={t("favourite")} /> : null}
      {item.kind === "character" ? <IconUser className={classes.heart} size={15} aria-label={t("kinds.character")} /> : null}
      <button
        type="button"
        className={classes.box}
        aria-pressed={selected}
        aria-label={t("select", { title })}
        onClick={onToggle}
      >
        {selected ? <IconSquareCheck size={18} /> : <IconSquare size={18} />}
      </button>
    </article>
  );
}

/** The picture, or how far it is, or why there is none. */
export function Face({ item, title, narrow }: { item: Item; title: string; narrow: boolean }) {
  const { t } = useTranslation("common");
  const told = useTold();
  if (item.status === "completed") return <Scrub media={item.media} label={title} />;
  if (item.status === "failed" || item.status === "cancelled") {
    return (
      <span className={classes.failed}>
        <IconAlertTriangle size={16} stroke={1.6} aria-hidden="true" />
        <span>{t(`status.${item.status}`)}</span>
        {narrow || !item.error ? null : <span className={classes.why}>{told(item.error.code, item.error.message)}</span>}
      </span>
    );
  }
  return (
    <span className={classes.running}>
      <Progress word={item.status} percent={item.progress} sinceMs={item.started_at ?? item.created_at} usual={null} />
    </span>
  );
}
