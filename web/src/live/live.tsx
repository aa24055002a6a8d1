import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { LiveConnection, type LiveEvent, type LiveState } from "./connection";
import { applyEvents, gathered, refreshTasks } from "./patch";

type Listener = (events: LiveEvent[]) => void;
type Live = { state: LiveState; listen: (listener: Listener) => () => void };

const LiveContext = createContext<Live>({ state: "polling", listen: () => () => {} });
const POLL_MS = 4_000;

/** Keeps the one line open while somebody is signed in, and what is shown up to date. */
export function LiveProvider({
  project,
  onSignedOut,
  children,
}: {
  project: string | null;
  onSignedOut: () => void;
  children: ReactNode;
}) {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>("connecting");
  const listeners = useMemo(() => new Set<Listener>(), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another project is another line
  useEffect(() => {
    const take = gathered((events) => {
      applyEvents(client, events);
      for (const listener of listeners) listener(events);
    });
    const line = new LiveConnection({
      onEvents: take,
      onState: setState,
      onFresh: () => refreshTasks(client),
      onSignedOut,
    });
    line.start();
    return () => line.stop();
  }, [client, listeners, onSignedOut, project]);
  useEffect(() => {
    if (state !== "polling") return;
    const timer = setInterval(() => refreshTasks(client), POLL_MS);
    return () => clearInterval(timer);
  }, [client, state]);
  const live = useMemo<Live>(
    () => ({
      state,
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    }),
    [listeners, state],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}

/** How the line stands. */
export function useLiveState(): LiveState {
  return useContext(LiveContext).state;
}

/** Calls back with every event while the component is shown. */
export function useLiveEvents(listener: Listener): void {
  const { listen } = useContext(LiveContext);
  useEffect(() => listen(listener), [listen, listener]);
}
