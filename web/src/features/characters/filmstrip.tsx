import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Item } from "@/api/library";
import { frameStyle } from "@/components/scrub";
import classes from "./characters.module.css";

export type Span = { from: number; to: number };
type Grip = "from" | "to" | "both";

export const SHORTEST = 1;
export const LONGEST = 3;
const STEP = 0.1;

/** Moves one end of a span, or all of it, and keeps it between one and three seconds inside the clip. */
export function moved(span: Span, grip: Grip, by: number, length: number): Span {
  const most = Math.min(LONGEST, length);
  const least = Math.min(SHORTEST, length);
  const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  if (grip === "both") {
    const size = span.to - span.from;
    const from = within(span.from + by, 0, Math.max(0, length - size));
    return { from, to: from + size };
  }
  if (grip === "from") {
    const from = within(span.from + by, Math.max(0, span.to - most), span.to - least);
    return { from: Math.max(0, from), to: span.to };
  }
  const to = within(span.to + by, span.from + least, Math.min(length, span.from + most));
  return { from: span.from, to: Math.min(length, to) };
}

type Props = { item: Item; length: number; span: Span; onChange: (span: Span, at: number) => void };

/** The clip as a strip of frames with a window to drag over it. */
export function Filmstrip({ item, length, span, onChange }: Props) {
  const { t } = useTranslation("characters");
  const strip = useRef<HTMLDivElement>(null);
  const drag = useRef<{ grip: Grip; x: number; span: Span } | null>(null);
  const sheet = item.media.spritesheet;
  const frames = sheet ? Array.from({ length: 10 }, (_, n) => Math.floor(((n + 0.5) / 10) * sheet.count)) : [];
  const part = (at: number) => `${(at / length) * 100}%`;
  const change = (grip: Grip, next: Span) => onChange(next, grip === "to" ? Math.max(next.from, next.to - 0.05) : next.from);
  const hold = (grip: Grip) => (event: PointerEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    event.currentTarget.setPointerCapture?.(event.pointerId);
    drag.current = { grip, x: event.clientX, span };
  };
  const pull = (event: PointerEvent) => {
    const held = drag.current;
    const width = strip.current?.getBoundingClientRect().width ?? 0;
    if (!held || width === 0) return;
    const by = ((event.clientX - held.x) / width) * length;
    change(held.grip, moved(held.span, held.grip, by, length));
  };
  const drop = () => {
    drag.current = null;
  };
  const keys = (grip: Grip) => (event: KeyboardEvent) => {
    const by = event.key === "ArrowLeft" ? -STEP : event.key === "ArrowRight" ? STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    change(grip, moved(span, grip, by, length));
  };
  const grips: [Grip, number][] = [
    ["from", span.from],
    ["to", span.to],
  ];
  return (
    <div>
      <div ref={strip} className={classes.strip} onPointerMove={pull} onPointerUp={drop} onPointerCancel={drop}>
        <div className={classes.frames} aria-hidden="true">
          {sheet ? (
            frames.map((frame) => <span key={frame} style={frameStyle(sheet, frame)} />)
          ) : item.media.thumbnail ? (
            <img src={item.media.thumbnail} alt="" />
          ) : null}
        </div>
        <span className={classes.outside} style={{ left: 0, width: part(span.from) }} />
        <span className={classes.outside} style={{ left: part(span.to), right: 0 }} />
        <div
          className={classes.window}
          style={{ left: part(span.from), width: part(span.to - span.from) }}
          role="slider"
          tabIndex={0}
          aria-label={t("window")}
          aria-valuemin={0}
          aria-valuemax={Math.max(0, length - (span.to - span.from))}
          aria-valuenow={Number(span.from.toFixed(1))}
          onPointerDown={hold("both")}
          onKeyDown={keys("both")}
        />
        {grips.map(([grip, at]) => (
          <div
            key={grip}
            className={classes.grip}
            data-grip={grip}
            style={{ left: part(at) }}
            role="slider"
            tabIndex={0}
            aria-label={t(grip === "from" ? "gripFrom" : "gripTo")}
            aria-valuemin={0}
            aria-valuemax={length}
            aria-valuenow={Number(at.toFixed(1))}
            onPointerDown={hold(grip)}
            onKeyDown={keys(grip)}
          />
        ))}
      </div>
      <p className={classes.hint}>
        {t("span", { from: span.from.toFixed(1), to: span.to.toFixed(1), seconds: (span.to - span.from).toFixed(1) })}
      </p>
    </div>
  );
}
