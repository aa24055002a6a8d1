import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type Queue = Answer<"/api/library/queue", "get">;
export type Waiting = Queue["waiting"]["data"][number];
export type Item = Waiting["item"];
export type Effect = Waiting["cancelling"];
export type Usual = Queue["usual"][string];
export type Decision = Body<"/api/queue/{task_id}/decision", "post">["decision"];

export const LANE_NAMES = ["needs_you", "running", "waiting", "done"] as const;
export type LaneName = (typeof LANE_NAMES)[number];

export const queueKeys = { all: ["queue"] as const, lanes: ["queue", "lanes"] as const };

const DAY_MS = 86_400_000;
/** Places and phases move without being told one by one. */
const LOOK_AGAIN_MS = 20_000;

/** Every lane with places, usual times and what cancelling costs; ended ones of the last day. */
export const lanes = queryOptions({
  queryKey: queueKeys.lanes,
  refetchInterval: LOOK_AGAIN_MS,
  queryFn: ({ signal }) => {
    const since = new Date(Date.now() - DAY_MS).toISOString();
    return answer(api.GET("/api/library/queue", { params: { query: { since } }, signal }));
  },
});

export async function cancelTask(id: string): Promise<void> {
  await answer(api.POST("/api/queue/{task_id}/cancel", { params: { path: { task_id: id } } }));
}

export async function decideTask(id: string, decision: Decision, ref?: string): Promise<void> {
  await answer(
    api.POST("/api/queue/{task_id}/decision", { params: { path: { task_id: id } }, body: { decision, ref: ref ?? null } }),
  );
}
