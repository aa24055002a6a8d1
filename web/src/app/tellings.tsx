import { notifications } from "@mantine/notifications";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { chime, notice, wishes } from "@/lib/notices";
import type { LiveEvent } from "@/live/connection";
import { useLiveEvents } from "@/live/live";

const TOLD = new Set<LiveEvent["type"]>(["video.completed", "video.failed", "video.unconfirmed"]);

/** Tells of endings in the manner somebody chose. */
export function Tellings() {
  const { t } = useTranslation("queue");
  const tell = useCallback(
    (events: LiveEvent[]) => {
      const told = events.filter((event) => TOLD.has(event.type));
      const last = told.at(-1);
      if (!last) return;
      const want = wishes();
      const word = last.type === "video.completed" ? "completed" : last.type === "video.failed" ? "failed" : "unconfirmed";
      const text = t(`told.${word}`, { count: told.length });
      if (want.toast) notifications.show({ message: text, color: word === "completed" ? "amber" : "red" });
      if (want.notices) notice(text);
      if (want.sound) chime(word === "completed");
    },
    [t],
  );
  useLiveEvents(tell);
  return null;
}
