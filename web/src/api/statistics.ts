import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer } from "./types";

export type Statistics = Answer<"/api/admin/statistics", "get">["data"];
export type Step = Statistics["steps"][number];
export type Line = Statistics["by_model"][number];
export type Took = NonNullable<Statistics["latencies"]["queue"]>;

const LOOK_MS = 30_000;

/** How the tasks created from `from` until before `to` went; both are Unix seconds. */
export const statisticsOf = (from: number | undefined, to: number | undefined, key: string) =>
  queryOptions({
    queryKey: ["statistics", key] as const,
    refetchInterval: to === undefined ? LOOK_MS : false,
    queryFn: async ({ signal }) => {
      const query = { from: from?.toString(), to: to?.toString() };
      return (await answer(api.GET("/api/admin/statistics", { params: { query }, signal }))).data;
    },
  });

/** Where the same figures are fetched as a table. */
export function tableUrl(from: number, to: number | undefined): string {
  const query = new URLSearchParams({ format: "csv", from: String(from) });
  if (to !== undefined) query.set("to", String(to));
  return `/api/admin/statistics?${query}`;
}
