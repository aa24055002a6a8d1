import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer } from "./types";

export type Tuned = Answer<"/api/admin/settings", "get">["data"][number];
export type Fixed = Answer<"/api/admin/settings/fixed", "get">["data"][number];
export type Changed = Answer<"/api/admin/settings/{key}/history", "get">["data"][number];
export type AuditEntry = Answer<"/api/admin/audit", "get">["data"][number];
export type Checked = Answer<"/api/admin/audit/check", "get">;
export type Report = Answer<"/api/admin/health", "get">["data"];
export type Finding = Report["findings"][number];
export type Backup = Backups["found"][number];
export type Backups = Answer<"/api/admin/backups", "get">["data"];

export const installationKeys = {
  settings: ["settings"] as const,
  audit: ["audit"] as const,
  health: ["health"] as const,
  backups: ["backups"] as const,
};

export const tunedSettings = queryOptions({
  queryKey: [...installationKeys.settings, "tuned"],
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/settings", { signal }))).data,
});

export const fixedSettings = queryOptions({
  queryKey: [...installationKeys.settings, "fixed"],
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/settings/fixed", { signal }))).data,
});

export const historyOf = (key: string) =>
  queryOptions({
    queryKey: [...installationKeys.settings, "history", key],
    queryFn: async ({ signal }) => {
      const params = { path: { key } };
      return (await answer(api.GET("/api/admin/settings/{key}/history", { params, signal }))).data;
    },
  });

/** Sets one setting; null leaves it to its default again. */
export async function setSetting(key: string, value: unknown): Promise<void> {
  await answer(api.POST("/api/admin/settings", { body: { values: { [key]: value } as Record<string, never> } }));
}

export type AuditSought = {
  actor?: string;
  action?: string;
  subject?: string;
  outcome?: string;
  since?: string;
  until?: string;
};

const PAGE = 50;

export const auditSought = (sought: AuditSought) =>
  infiniteQueryOptions({
    queryKey: [...installationKeys.audit, "list", sought],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: String(PAGE), before: pageParam || undefined, ...sought };
      return answer(api.GET("/api/admin/audit", { params: { query }, signal }));
    },
    getNextPageParam: (last) => (last.has_more && last.last_seq !== null ? String(last.last_seq) : undefined),
  });

export async function checkAudit(): Promise<Checked> {
  return answer(api.GET("/api/admin/audit/check"));
}

/** Where the log is taken out as a file, as it is sought. */
export function auditFile(form: "csv" | "jsonl", sought: AuditSought): string {
  const query = new URLSearchParams({ format: form });
  for (const [name, value] of Object.entries(sought)) if (value) query.set(name, value);
  return `/api/admin/audit?${query}`;
}

export const healthReport = queryOptions({
  queryKey: installationKeys.health,
  refetchInterval: 10_000,
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/health", { signal }))).data,
});

export async function checkPromises() {
  return (await answer(api.GET("/api/admin/health/promises"))).data;
}

export const allBackups = queryOptions<Backups>({
  queryKey: installationKeys.backups,
  // While one is being made its end is waited for.
  refetchInterval: (query) => (query.state.data?.beganAt ? 1_500 : 60_000),
  queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/backups", { signal }))).data,
});

export async function makeBackup() {
  return (await answer(api.POST("/api/admin/backups"))).data;
}
