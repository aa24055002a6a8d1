import { RingProgress } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { clock, duration } from "@/lib/format";
import classes from "./progress.module.css";

/** Gives the time, again every second while somebody looks. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

export type Word =
  | "queued"
  | "submitting"
  | "unconfirmed"
  | "running"
  | "archiving"
  | "in_progress"
  | "completed"
  | "failed"
  | "cancelled";

type Props = { word: Word; percent: number | null; sinceMs: number; usual: number | null };

/** How far a task is: a ring only with a percentage somebody reported, else the time so far against the usual one. */
export function Progress({ word, percent, sinceMs, usual }: Props) {
  const { t, i18n } = useTranslation("common");
  const now = useNow(true);
  const spent = Math.max(0, (now - sinceMs) / 1000);
  const reported = percent !== null && percent > 0;
  const elapsed = clock(spent);
  const expected = usual === null ? null : duration(usual, i18n.language);
  return (
    <div className={classes.progress}>
      {reported ? (
        <RingProgress
          size={44}
          thickness={4}
          roundCaps
          sections={[{ value: percent, color: "var(--rg-accent)" }]}
          rootColor="var(--rg-line-strong)"
          aria-label={t("progress.reported", { percent })}
          label={<span className={classes.percent}>{percent}</span>}
        />
      ) : (
        <span className={classes.pulse} data-word={word} aria-hidden="true" />
      )}
      <div className={classes.text}>
        <div className={classes.word}>{t(`status.${word}`)}</div>
        <div className={classes.time}>
          {expected === null
            ? t("progress.elapsed", { elapsed })
            : t(spent > (usual ?? 0) * 1.3 ? "progress.longer" : "progress.usual", { elapsed, usual: expected })}
        </div>
      </div>
    </div>
  );
}
