import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { LANE_NAMES, type Queue, queueKeys } from "@/api/queue";
import type { LiveEvent } from "@/live/connection";
import { useLiveEvents } from "@/live/live";

const LOOK_AFTER_MS = 800;

/** Writes progress that was told into the lanes; a status that changed has them asked again, at most about once a second. */
export function useLiveLanes(): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveEvents(
    useCallback(
      (events: LiveEvent[]) => {
        write(client, events);
        if (timer.current !== undefined || events.every((event) => event.type === "video.progress")) return;
        timer.current = setTimeout(() => {
          timer.current = undefined;
          void client.invalidateQueries({ queryKey: queueKeys.lanes });
        }, LOOK_AFTER_MS);
      },
      [client],
    ),
  );
}

function write(client: QueryClient, events: LiveEvent[]): void {
  client.setQueryData<Queue>(queueKeys.lanes, (queue) => (queue ? withTold(queue, events) : queue));
}

/** The lanes with the progress that was told; it never goes back. */
export function withTold(queue: Queue, events: LiveEvent[]): Queue {
  const told = new Map<string, number>();
  for (const { data } of events) if (data.progress !== null) told.set(data.id, Math.max(told.get(data.id) ?? 0, data.progress));
  if (told.size === 0) return queue;
  let next = queue;
  for (const name of LANE_NAMES) {
    const lane = queue[name];
    if (!lane.data.some(({ item }) => (told.get(item.id) ?? 0) > (item.progress ?? 0))) continue;
    const data = lane.data.map((one) => {
      const progress = Math.max(one.item.progress ?? 0, told.get(one.item.id) ?? 0);
      return progress === (one.item.progress ?? 0) ? one : { ...one, item: { ...one.item, progress } };
    });
    next = { ...next, [name]: { ...lane, data } };
  }
  return next;
}
