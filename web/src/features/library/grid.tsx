import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, type RefObject, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Item } from "@/api/library";
import { dayOf, GAP, rowsOf } from "./layout";
import classes from "./library.module.css";
import { LibraryTile } from "./tile";

export type ListProps = {
  items: Item[];
  scroller: RefObject<HTMLDivElement | null>;
  width: number;
  begin: number;
  selected: ReadonlySet<string>;
  current: string | null;
  days: boolean;
  more: boolean;
  onMore: () => void;
  onPick: (index: number, event: MouseEvent) => void;
  onToggle: (index: number, event: MouseEvent) => void;
  onOpen: (item: Item) => void;
};

const ROWS_AHEAD = 12;

/** All items as pictures in rows; only what is near the window exists. */
export function Grid(props: ListProps) {
  const { items, scroller, width, days, more, onMore, current } = props;
  const { t, i18n } = useTranslation("library");
  const wished = width < 520 ? 128 : 176;
  const rows = useMemo(() => rowsOf(items, Math.max(200, width), wished, days), [items, width, wished, days]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.height ?? wished) + GAP,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 4,
    initialOffset: props.begin,
    initialRect: { width: 1200, height: 900 },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights are known before drawing, so new rows are new heights
  useEffect(() => virtual.measure(), [rows]);
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - ROWS_AHEAD) onMore();
  }, [more, last, rows.length, onMore]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another choice scrolls, not another list
  useEffect(() => {
    if (current === null) return;
    const at = rows.findIndex((row) => row.kind === "tiles" && row.tiles.some((tile) => tile.item.id === current));
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [current]);
  return (
    <div className={classes.sheet} style={{ height: virtual.getTotalSize() }}>
      {shown.map((place) => {
        const row = rows[place.index];
        if (!row) return null;
        const at = { transform: `translateY(${place.start}px)`, height: row.height };
        return row.kind === "day" ? (
          <h2 key={place.key} className={classes.day} style={at}>
            {dayName(row.day, i18n.language, t("today"), t("yesterday"))}
          </h2>
        ) : (
          <div key={place.key} className={classes.row} style={at}>
            {row.tiles.map((tile) => (
              <LibraryTile
                key={tile.item.id}
                item={tile.item}
                width={tile.width}
                height={row.height}
                selected={props.selected.has(tile.item.id)}
                current={tile.item.id === current}
                onPick={(event) => props.onPick(tile.index, event)}
                onToggle={(event) => props.onToggle(tile.index, event)}
                onOpen={() => props.onOpen(tile.item)}
              />
            ))}
          </div>
        );
      })}
    </div>
  );
}

/** Names a day as people do. */
export function dayName(day: number, language: string, today: string, yesterday: string): string {
  const now = dayOf(Date.now());
  if (day === now) return today;
  if (day === dayOf(now - 1)) return yesterday;
  const year = new Date(day).getFullYear() === new Date(now).getFullYear() ? undefined : ("numeric" as const);
  return new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year }).format(day);
}
