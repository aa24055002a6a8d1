import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { deskKeys } from "@/api/desk";
import { LiveConnection } from "@/live/connection";
import { gathered } from "@/live/patch";

const GATHER_MS = 800;
const EVERYBODYS = "/api/admin/events";

/** Has the desk fetched again when something happens to anybody's task; tells whether that line is open. */
export function useDeskLine(): boolean {
  const client = useQueryClient();
  const [live, setLive] = useState(false);
  useEffect(() => {
    const again = () => void client.invalidateQueries({ queryKey: deskKeys.all });
    const line = new LiveConnection(
      {
        onEvents: gathered(again, GATHER_MS),
        onState: (state) => setLive(state === "live"),
        onFresh: again,
        onSignedOut: again,
      },
      EVERYBODYS,
    );
    line.start();
    return () => line.stop();
  }, [client]);
  return live;
}
