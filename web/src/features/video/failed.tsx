import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chargeOf, type Detail, libraryKeys } from "@/api/library";
import type { CreateBody } from "@/api/types";
import { createVideo } from "@/api/videos";
import { Broken } from "@/components/broken";
import { IconAlertTriangle, IconArrowBackUp, IconRefresh } from "@/components/icons";
import { useTold } from "@/components/told";
import { freshKey } from "@/lib/ids";
import classes from "./video.module.css";

/** Why there is no clip: what happened, whose side, what it cost, what to do, and the buttons that do it. */
export function Failed({ item, onUse }: { item: Detail; onUse: () => void }) {
  const { t } = useTranslation("video");
  const { t: failures } = useTranslation("failures");
  const again = useAgain(item);
  const error = item.error;
  const charge = chargeOf(item);
  const told = useTold();
  return (
    <div className={classes.failed} role="alert">
      <IconAlertTriangle size={22} stroke={1.6} aria-hidden="true" />
      <div>
        <h2>{t(item.status === "cancelled" ? "failed.cancelled" : "failed.title")}</h2>
        {error ? (
          <>
            <p>{told(error.code, error.message)}</p>
            {told(error.code, error.message) === error.message ? null : <p className={classes.hint}>{error.message}</p>}
            <p className={classes.hint}>
              {failures(`side.${error.side}`)} {charge ? failures(`charge.${charge}`) : null}
            </p>
            <p>{told(error.code, error.next_step, "next")}</p>
          </>
        ) : null}
        {again.thrown ? <Broken thrown={again.thrown} compact /> : null}
        <div className={classes.ways}>
          {again.can && error?.retryable ? (
            <Button leftSection={<IconRefresh size={16} />} loading={again.busy} onClick={() => void again.go()}>
              {t("failed.again")}
            </Button>
          ) : null}
          <Button
            variant={again.can && error?.retryable ? "default" : undefined}
            leftSection={<IconArrowBackUp size={16} />}
            onClick={onUse}
          >
            {t("failed.change")}
          </Button>
        </div>
        {error ? <p className={classes.code}>{error.code}</p> : null}
      </div>
    </div>
  );
}

/** Asks for the very same again; only for requests that worked from nothing else. */
function useAgain(item: Detail) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [thrown, setThrown] = useState<unknown>(null);
  const can = item.verb === "create" && item.inputs.length === 0 && Boolean(item.prompt);
  const go = async () => {
    setBusy(true);
    setThrown(null);
    try {
      const made = await createVideo(bodyOf(item), freshKey());
      void client.invalidateQueries({ queryKey: libraryKeys.live });
      await navigate({ to: "/videos/$id", params: { id: made.id } } as never);
    } catch (wrong) {
      setThrown(wrong);
    }
    setBusy(false);
  };
  return { can, busy, thrown, go };
}

function bodyOf(item: Detail): CreateBody {
  const asked = (item.request ?? {}) as Record<string, unknown>;
  const plain = { prompt: item.prompt ?? "", model: item.model ?? undefined } as Record<string, unknown>;
  for (const name of ["size", "seed", "negative_prompt", "audio", "watermark"]) {
    if (asked[name] !== null && asked[name] !== undefined) plain[name] = asked[name];
  }
  if (typeof asked.seconds === "number") plain.seconds = String(asked.seconds);
  return plain as CreateBody;
}
