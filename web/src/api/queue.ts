import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type Item = Answer<"/api/library/items", "get">["data"][number];
export type Decision = Body<"/api/queue/{task_id}/decision", "post">["decision"];

export const LANES = {
  needs: ["unconfirmed"],
  running: ["running", "archiving"],
  waiting: ["queued", "submitting"],
  done: ["completed", "failed", "cancelled"],
} as const;
export type LaneName = keyof typeof LANES;
export const LANE_NAMES = Object.keys(LANES) as LaneName[];

export const queueKeys = { all: ["queue"] as const, lane: (name: LaneName) => ["queue", name] as const };

const SHOWN = "100";
const DAY_MS = 86_400_000;

/** The tasks of one lane: open ones oldest first, ended ones of the last day newest first. */
export const lane = (name: LaneName) =>
  queryOptions({
    queryKey: queueKeys.lane(name),
    queryFn: ({ signal }) => {
      const query: Record<string, string> = { kind: "task,clip", status: LANES[name].join(","), limit: SHOWN };
      if (name === "done") query.created_from = new Date(Date.now() - DAY_MS).toISOString();
      else query.order = "asc";
      return answer(api.GET("/api/library/items", { params: { query }, signal }));
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
