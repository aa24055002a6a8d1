import { UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ownPreferences } from "@/api/preferences";
import { chooseLanguage, type Language, languageWasChosen } from "@/lib/i18n";
import { chime, notice, wishes } from "@/lib/notices";
import type { LiveEvent } from "@/live/connection";
import { useLiveEvents } from "@/live/live";
import classes from "./top.module.css";

const TOLD = new Set<LiveEvent["type"]>(["video.completed", "video.failed", "video.unconfirmed"]);

/** Tells of endings in the manner somebody chose. */
export function Tellings() {
  const { t } = useTranslation("shell");
  const navigate = useNavigate();
  // Keeps at hand how the person wants to be told, whichever machine they chose it on.
  const preferred = useQuery(ownPreferences).data?.language;
  useEffect(() => {
    if (preferred && preferred !== "auto" && !languageWasChosen()) void chooseLanguage(preferred as Language);
  }, [preferred]);
  const tell = useCallback(
    (events: LiveEvent[]) => {
      const told = events.filter((event) => TOLD.has(event.type));
      const last = told.at(-1);
      if (!last) return;
      const want = wishes();
      const word = last.type === "video.completed" ? "completed" : last.type === "video.failed" ? "failed" : "unconfirmed";
      const text = t(`told.${word}`, { count: told.length });
      const to = told.length === 1 ? `/videos/${last.data.id}` : "/queue";
      if (want.toast) {
        // Notes stand outside the pages and know no router: a button goes there.
        const message = (
          <>
            {text}{" "}
            <UnstyledButton className={classes.look} onClick={() => void navigate({ to })}>
              {t("told.look")}
            </UnstyledButton>
          </>
        );
        notifications.show({ message, color: word === "completed" ? "amber" : "red" });
      }
      if (want.notices) notice(text, () => void navigate({ to }));
      if (want.sound) chime(word === "completed");
    },
    [t, navigate],
  );
  useLiveEvents(tell);
  return null;
}
