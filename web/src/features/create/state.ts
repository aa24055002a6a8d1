import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { currentProject } from "@/api/client";
import { allModels } from "@/api/models";
import type { Model } from "@/api/types";
import { type Draft, EMPTY, storeDraft, storedDraft } from "./draft";
import { type Dropped, fitted } from "./fit";

export type Change = (part: Partial<Draft> | ((draft: Draft) => Partial<Draft>)) => void;

const STORE_AFTER_MS = 250;

/** The draft of the page, kept across visits, together with the model it is for. */
export function useDraft() {
  const models = useQuery(allModels);
  const [project] = useState(currentProject);
  const [draft, setDraft] = useState<Draft>(() => storedDraft(project));
  const [dropped, setDropped] = useState<Dropped[]>([]);
  const latest = useRef(draft);
  latest.current = draft;
  useEffect(() => {
    const timer = setTimeout(() => storeDraft(draft, project), STORE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [draft, project]);
  useEffect(() => {
    const leave = () => storeDraft(latest.current, project);
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [project]);
  const change = useCallback<Change>((part) => {
    setDraft((before) => ({ ...before, ...(typeof part === "function" ? part(before) : part) }));
  }, []);
  const model = useMemo(() => pick(models.data, draft.model), [models.data, draft.model]);
  const choose = useCallback((next: Model, from: Draft = latest.current) => {
    const moved = fitted(from, next);
    setDraft(moved.draft);
    setDropped(moved.dropped);
  }, []);
  const clear = useCallback(() => {
    setDraft((before) => ({ ...EMPTY, model: before.model }));
    setDropped([]);
  }, []);
  return { models, model, draft, change, choose, dropped, clear };
}

/** The model asked for; without one, the first that really generates, else the first there is. */
function pick(models: Model[] | undefined, wanted: string | null): Model | null {
  if (!models || models.length === 0) return null;
  const living = models.filter((one) => one.sunset?.state !== "ended");
  return models.find((one) => one.id === wanted) ?? living.find((one) => one.video.generative) ?? living[0] ?? null;
}

/** A value as it was a moment ago: what is typed is not asked about at every letter. */
export function useSettled<T>(value: T, afterMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}
