import { Button, Popover, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Looked, Model } from "@/api/types";
import { lookAtCreate } from "@/api/videos";
import { IconCode } from "@/components/icons";
import { asFailure, type Failure } from "@/lib/failure";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import { bodyOf } from "./fit";
import { useSettled } from "./state";

const Panel = lazy(() => import("./effective-panel"));

export type Preview = { looked: Looked | null; failure: Failure | null; busy: boolean };

const SETTLED_MS = 400;

/** Asks the server what the draft would come to, shortly after it was last changed. */
export function usePreview(draft: Draft, model: Model): Preview {
  const body = useMemo(() => ({ ...bodyOf(draft, model.video), model: model.id }), [draft, model]);
  const settled = useSettled(JSON.stringify(body), SETTLED_MS);
  const asked = useQuery<Looked>({
    queryKey: ["effective", settled],
    enabled:
      (JSON.parse(settled) as { prompt: string }).prompt.trim() !== "" &&
      draft.source?.verb !== "extend" &&
      draft.source?.verb !== "edit",
    retry: false,
    staleTime: 30_000,
    placeholderData: (before) => before,
    queryFn: ({ signal }) => lookAtCreate(JSON.parse(settled) as typeof body, signal),
  });
  const refused = asked.error ? asFailure(asked.error) : null;
  return {
    looked: refused ? null : (asked.data ?? null),
    failure: refused && refused.status >= 400 && refused.status < 500 ? refused : null,
    busy: asked.isFetching,
  };
}

/** Behind one click: exactly what will be asked for, and the same as a program would write it. */
export function Effective({ draft, model, preview }: { draft: Draft; model: Model; preview: Preview }) {
  const { t } = useTranslation("create");
  return (
    <Popover width={440} position="top-end" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="subtle" color="gray" leftSection={<IconCode size={16} stroke={1.6} />}>
          {t("effective.open")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.effective}>
        <Suspense fallback={<Skeleton height={200} animate={false} />}>
          <Panel draft={draft} model={model} preview={preview} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
