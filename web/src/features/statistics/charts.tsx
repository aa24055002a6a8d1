import { useElementSize } from "@mantine/hooks";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { labelled, roundTop, type Slot } from "./scale";
import classes from "./statistics.module.css";

/** Until it is known how wide the picture is. */
const WIDTH = 720;
const LABEL = 92;
const HEIGHT = 200;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;
const KINDS = ["completed", "failed", "cancelled", "open"] as const;
export type Kind = (typeof KINDS)[number];

type Frame = {
  top: number;
  ticks: number[];
  word: (value: number) => string;
  label: string;
  slots: Slot[];
  at: (ms: number) => string;
};

/** The axes of a picture over time, and what is drawn between them; one unit is one pixel. */
function Plot({
  frame,
  children,
}: {
  frame: Frame;
  children: (x: (n: number) => number, y: (v: number) => number, w: number) => ReactNode;
}) {
  const { ref, width: measured } = useElementSize();
  const whole = Math.round(measured) || WIDTH;
  const width = (whole - LEFT) / Math.max(1, frame.slots.length);
  const x = (n: number) => LEFT + n * width;
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / frame.top);
  const shown = labelled(frame.slots.length, Math.max(2, Math.floor((whole - LEFT) / LABEL)));
  return (
    <div ref={ref}>
      <svg className={classes.plot} viewBox={`0 0 ${whole} ${HEIGHT}`} height={HEIGHT} role="img" aria-label={frame.label}>
        {frame.ticks.map((tick) => (
          <g key={tick}>
            <line className={classes.grid} x1={LEFT} x2={whole} y1={y(tick)} y2={y(tick)} />
            <text className={classes.tick} x={LEFT - 8} y={y(tick) + 4} textAnchor="end">
              {frame.word(tick)}
            </text>
          </g>
        ))}
        {frame.slots.map((slot, n) =>
          shown.has(n) && x(n) + LABEL * 0.7 < whole ? (
            <text key={slot.at} className={classes.tick} x={x(n)} y={HEIGHT - 6}>
              {frame.at(slot.at)}
            </text>
          ) : null,
        )}
        {children(x, y, width)}
      </svg>
    </div>
  );
}

type Over = { slots: Slot[]; label: string; at: (ms: number) => string; words: (n: number) => string };

/** How many tasks were created in each step, piled up by how they ended. */
export function Columns({ slots, label, at, words }: Over) {
  const { t } = useTranslation("statistics");
  const top = roundTop(Math.max(0, ...slots.map((slot) => slot.tasks)));
  const frame = { top, ticks: [0, top / 2, top], word: words, label, slots, at };
  return (
    <>
      <Plot frame={frame}>
        {(x, y, w) =>
          slots.map((slot, n) => {
            let below = 0;
            return (
              <g key={slot.at} className={classes.column}>
                <title>{columnTitle(slot, at, t)}</title>
                <rect className={classes.hit} x={x(n)} y={TOP} width={w} height={HEIGHT - TOP - BOTTOM} />
                {KINDS.map((kind) => {
                  const from = below;
                  below += slot[kind];
                  if (slot[kind] === 0) return null;
                  return (
                    <rect
                      key={kind}
                      data-kind={kind}
                      x={x(n) + Math.min(1, w / 8)}
                      y={y(below)}
                      width={Math.max(1, w - Math.min(2, w / 4))}
                      height={Math.max(1, y(from) - y(below))}
                    />
                  );
                })}
              </g>
            );
          })
        }
      </Plot>
      <Legend kinds={KINDS} />
    </>
  );
}

type Say = ReturnType<typeof useTranslation<"statistics">>["t"];

function columnTitle(slot: Slot, at: (ms: number) => string, t: Say): string {
  const parts = KINDS.filter((kind) => slot[kind] > 0).map((kind) => `${t(`words.${kind}`)} ${slot[kind]}`);
  return [at(slot.at), ...(parts.length > 0 ? parts : ["0"])].join(" · ");
}

function Legend({ kinds }: { kinds: readonly Kind[] }) {
  const { t } = useTranslation("statistics");
  return (
    <ul className={classes.legend}>
      {kinds.map((kind) => (
        <li key={kind} data-kind={kind}>
          {t(`words.${kind}`)}
        </li>
      ))}
    </ul>
  );
}

/** Which share of those that ended was made, step by step; a gap where nothing ended. */
export function Share({ slots, label, at, words }: Over) {
  const frame = { top: 1, ticks: [0, 0.5, 1], word: words, label, slots, at };
  return (
    <Plot frame={frame}>
      {(x, y, w) => (
        <>
          {segments(slots).map((part) => (
            <polyline
              key={part[0]}
              className={classes.line}
              points={part.map((n) => `${x(n) + w / 2},${y(slots[n]?.rate ?? 0)}`).join(" ")}
            />
          ))}
          {slots.map((slot, n) =>
            slot.rate === null ? null : (
              <circle key={slot.at} className={classes.dot} cx={x(n) + w / 2} cy={y(slot.rate)} r={3}>
                <title>{`${at(slot.at)} · ${words(slot.rate)}`}</title>
              </circle>
            ),
          )}
        </>
      )}
    </Plot>
  );
}

/** Gives the runs of steps in which something ended. */
export function segments(slots: readonly Slot[]): number[][] {
  const parts: number[][] = [];
  slots.forEach((slot, n) => {
    if (slot.rate === null) return;
    const last = parts.at(-1);
    if (last && last.at(-1) === n - 1) last.push(n);
    else parts.push([n]);
  });
  return parts;
}

export type Bar = { name: string; value: number; said: string; marks?: { value: number; kind: string }[] };

/** Bars of one picture, each with its marks from the lowest to the highest; the longest as wide as there is room; each is said in words beside it. */
export function Bars({ bars, label }: { bars: Bar[]; label: string }) {
  const most = Math.max(1, ...bars.flatMap((bar) => [bar.value, ...(bar.marks ?? []).map((mark) => mark.value)]));
  return (
    <ul className={classes.bars} aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.name}>
          <span className={classes.barName}>{bar.name}</span>
          <svg className={classes.bar} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect className={classes.track} width={100} height={10} />
            {[...(bar.marks ?? [])].reverse().map((mark) => (
              <rect key={mark.kind} data-mark={mark.kind} width={(100 * mark.value) / most} height={10} />
            ))}
            {bar.marks ? null : <rect data-mark="only" width={(100 * bar.value) / most} height={10} />}
          </svg>
          <span className={classes.barSaid}>{bar.said}</span>
        </li>
      ))}
    </ul>
  );
}

/** What a picture shows, as a table that can be read out and copied. */
export function Twin({ head, rows, label }: { head: string[]; rows: (string | number)[][]; label: string }) {
  const { t } = useTranslation("statistics");
  return (
    <details className={classes.twin}>
      <summary>{t("table")}</summary>
      <Scrolled head={head} rows={rows} label={label} />
    </details>
  );
}

/** A table that is moved with the arrow keys, too, where it is wider or longer than its place. */
export function Scrolled({ head, rows, label }: { head: string[]; rows: (string | number)[][]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section className={classes.scroll} aria-label={label} tabIndex={0}>
      <Figures head={head} rows={rows} label={label} />
    </section>
  );
}

function Figures({ head, rows, label }: { head: string[]; rows: (string | number)[][]; label: string }) {
  return (
    <table className={classes.table} aria-label={label}>
      <thead>
        <tr>
          {head.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={String(row[0]) + String(row[1])}>
            {row.map((cell, n) =>
              n === 0 ? (
                <th key={head[n]} scope="row">
                  {cell}
                </th>
              ) : (
                <td key={head[n]}>{cell}</td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
