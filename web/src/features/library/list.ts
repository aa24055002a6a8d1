import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { type Item, libraryKeys, type Order, pageOf, type Wanted } from "@/api/library";
import type { LiveEvent } from "@/live/connection";
import { useLiveEvents } from "@/live/live";
import { itemsOf, type Pages, withChanged, withHead } from "./merge";

const KEPT_MS = 30 * 60_000;

/** The items under the filters, page by page; its begin follows what happens without reading the rest again. */
export function useItems(wanted: Wanted & Order) {
  const client = useQueryClient();
  const key = libraryKeys.list(wanted);
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => pageOf(wanted, pageParam, signal),
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
  });
  const head = useQuery({
    queryKey: libraryKeys.head(wanted),
    queryFn: ({ signal }) => pageOf(wanted, undefined, signal),
    enabled: list.isSuccess,
    staleTime: 5_000,
  });
  const newest = head.data;
  const hash = JSON.stringify(key);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new answer is merged
  useEffect(() => {
    const known = client.getQueryData<Pages>(key);
    if (!newest || !known) return;
    const merged = withHead(known, newest);
    if (merged) client.setQueryData<Pages>(key, merged);
    else void client.resetQueries({ queryKey: key });
  }, [newest, hash]);
  useProgress();
  const items = useMemo(() => itemsOf(list.data), [list.data]);
  return { ...list, items };
}

const FACETS_AFTER_MS = 1_500;

/** Writes what is told about running tasks into the lists, and has counts asked again when one has ended. */
function useProgress(): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveEvents(
    useCallback(
      (events: LiveEvent[]) => {
        const newest = new Map<string, LiveEvent>();
        for (const event of events) newest.set(event.data.id, event);
        client.setQueriesData<Pages>({ queryKey: libraryKeys.lists }, (known) =>
          known?.pages ? withChanged(known, (item) => told(item, newest.get(item.id))) : known,
        );
        if (!events.some((event) => event.type !== "video.progress")) return;
        clearTimeout(timer.current);
        timer.current = setTimeout(
          () => void client.invalidateQueries({ queryKey: libraryKeys.facets({}).slice(0, 1) }),
          FACETS_AFTER_MS,
        );
      },
      [client],
    ),
  );
}

function told(item: Item, event: LiveEvent | undefined): Item {
  if (!event) return item;
  const status = (event.data.status ?? item.status) as Item["status"];
  const progress = event.data.progress ?? item.progress;
  return status === item.status && progress === item.progress ? item : { ...item, status, progress };
}
