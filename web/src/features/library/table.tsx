import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ratioOf, Scrub } from "@/components/scrub";
import { duration, moment, money } from "@/lib/format";
import type { ListProps } from "./grid";
import classes from "./library.module.css";
import { titleOf } from "./tile";

const LINE = 56;
const LINES_AHEAD = 30;

/** All items as lines, with the numbers side by side. */
export function Table(props: ListProps) {
  const { items, scroller, more, onMore, current, selected } = props;
  const { t, i18n } = useTranslation("library");
  const { t: common } = useTranslation("common");
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 8,
    initialOffset: props.begin,
    initialRect: { width: 1200, height: 900 },
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= items.length - LINES_AHEAD) onMore();
  }, [more, last, items.length, onMore]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another choice scrolls, not another list
  useEffect(() => {
    const at = current === null ? -1 : items.findIndex((item) => item.id === current);
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [current]);
  return (
    <table className={classes.table} aria-rowcount={items.length}>
      <thead className={classes.head}>
        <tr>
          <th aria-label={t("selection")} />
          <th aria-label={t("preview")} />
          <th>{t("name")}</th>
          <th>{t("facts.status")}</th>
          <th className={classes.wide}>{t("facts.model")}</th>
          <th className={classes.wide}>{t("choice.aspect")}</th>
          <th className={classes.number}>{t("facts.length")}</th>
          <th className={`${classes.number} ${classes.wide}`}>{t("facts.cost")}</th>
          <th className={`${classes.number} ${classes.wide}`}>{t("facts.made")}</th>
        </tr>
      </thead>
      <tbody className={classes.sheet} style={{ height: virtual.getTotalSize() }}>
        {shown.map((place) => {
          const item = items[place.index];
          if (!item) return null;
          const title = titleOf(item);
          const cost = item.cost;
          return (
            <tr
              key={place.key}
              tabIndex={-1}
              className={classes.line}
              style={{ transform: `translateY(${place.start}px)` }}
              data-current={item.id === current || undefined}
              onClick={(event) => props.onPick(place.index, event)}
              onDoubleClick={() => props.onOpen(item)}
            >
              <td>
                <input
                  type="checkbox"
                  aria-label={t("select", { title })}
                  checked={selected.has(item.id)}
                  onClick={(event) => {
                    event.stopPropagation();
                    props.onToggle(place.index, event);
                  }}
                  onChange={() => {}}
                />
              </td>
              <td className={classes.small}>
                <span style={{ aspectRatio: ratioOf(item) }} data-tall={ratioOf(item) < 1 || undefined}>
                  <Scrub media={item.media} label="" />
                </span>
              </td>
              <td className={classes.words}>{title}</td>
              <td data-status={item.status}>{common(`status.${item.status}`)}</td>
              <td className={classes.wide}>{item.model ?? t(`kinds.${item.kind}`)}</td>
              <td className={classes.wide}>{item.aspect ?? ""}</td>
              <td className={classes.number}>{item.seconds ? duration(item.seconds, i18n.language) : ""}</td>
              <td className={`${classes.number} ${classes.wide}`}>
                {cost ? money(cost.charged ?? cost.quoted, cost.currency, i18n.language) : ""}
              </td>
              <td className={`${classes.number} ${classes.wide}`}>{moment(item.created_at, i18n.language)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
