import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useLiveState } from "@/live/live";
import classes from "./live-dot.module.css";

/** Says honestly how the line to the server stands: live, coming back, or asking now and then. */
export function LiveDot() {
  const { t } = useTranslation("shell");
  const state = useLiveState();
  return (
    <Tooltip label={t(`live.${state}.hint`)} multiline w={240}>
      <output className={classes.live} data-state={state} aria-live="polite">
        <span className={classes.dot} aria-hidden="true" />
        <span className={classes.word}>{t(`live.${state}.word`)}</span>
      </output>
    </Tooltip>
  );
}
