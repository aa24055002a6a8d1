import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type DeskPage = Answer<"/api/admin/queue", "get">;
export type DeskTask = DeskPage["data"][number];
export type Doubt = Answer<"/api/admin/inbox", "get">["data"][number];
export type Verdict = Body<"/api/admin/inbox/{task_id}", "post">["decision"];
export type Card = Answer<"/api/admin/tasks/{task_id}", "get">;

/** Filters as the server reads them; what is left out does not filter. */
export type Wanted = { status?: string; channel?: string; user?: string; model?: string };

export const deskKeys = {
  all: ["desk"] as const,
  list: (wanted: Wanted) => ["desk", "list", wanted] as const,
  doubts: ["desk", "doubts"] as const,
  card: (id: string) => ["desk", "card", id] as const,
};

const SHOWN = "50";
const LOOK_MS = 10_000;

/** Everybody's tasks, the newest first. */
export const deskOf = (wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: deskKeys.list(wanted),
    refetchInterval: LOOK_MS,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = { ...wanted, limit: SHOWN, after: pageParam };
      return answer(api.GET("/api/admin/queue", { params: { query }, signal }));
    },
    getNextPageParam: (last) => last.next ?? undefined,
  });

/** Submissions nobody can vouch for, and money that waits for somebody's word. */
export const doubts = queryOptions({
  queryKey: deskKeys.doubts,
  refetchInterval: LOOK_MS,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/inbox", { signal }))).data,
});

/** A task with every attempt and why each went where it went. */
export const cardOf = (id: string) =>
  queryOptions({
    queryKey: deskKeys.card(id),
    queryFn: ({ signal }) => answer(api.GET("/api/admin/tasks/{task_id}", { params: { path: { task_id: id } }, signal })),
  });

export async function cancelAnybodys(id: string) {
  return answer(api.POST("/api/admin/queue/{task_id}/cancel", { params: { path: { task_id: id } } }));
}

export async function decideAnybodys(id: string, decision: Verdict, ref?: string) {
  const body = ref ? { decision, ref } : { decision };
  return answer(api.POST("/api/admin/inbox/{task_id}", { params: { path: { task_id: id } }, body }));
}
