import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext } from "react";
import { type Me, me } from "@/api/session";

const SessionContext = createContext<Me | null>(null);

export function SessionProvider({ who, children }: { who: Me; children: ReactNode }) {
  return <SessionContext value={who}>{children}</SessionContext>;
}

/** Who is signed in. Only below the shell, where somebody always is. */
export function useSession(): Me {
  const who = useContext(SessionContext);
  if (!who) throw new Error("no session");
  return who;
}

/** Whether the person may do what a scope stands for. */
export function useMay(scope: string): boolean {
  const who = useContext(SessionContext);
  return who?.permissions.includes(scope) ?? false;
}

export function useMe() {
  return useQuery(me);
}
