import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Model } from "./types";

export const modelKeys = { all: ["models"] as const };

/** Every model that can be asked for, with what it can do. */
export const allModels = queryOptions({
  queryKey: modelKeys.all,
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Model[]> => (await answer(api.GET("/api/models", { signal }))).data,
});
