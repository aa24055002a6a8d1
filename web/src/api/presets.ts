import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type Preset = Answer<"/api/library/presets", "get">["data"][number];
type Sent = Body<"/api/library/presets", "post">;
export type PresetWish = { name: string; shared: boolean; body: Record<string, unknown> };

export const presetKeys = { all: ["presets"] as const };

/** Parameters kept under names: one's own, and those shared in the project. */
export const allPresets = queryOptions({
  queryKey: presetKeys.all,
  staleTime: 30_000,
  queryFn: async ({ signal }): Promise<Preset[]> => (await answer(api.GET("/api/library/presets", { signal }))).data,
});

export async function makePreset(body: PresetWish): Promise<Preset> {
  return answer(api.POST("/api/library/presets", { body: body as Sent }));
}

export async function changePreset(id: string, body: PresetWish): Promise<Preset> {
  return answer(api.PUT("/api/library/presets/{preset_id}", { params: { path: { preset_id: id } }, body: body as Sent }));
}

export async function forgetPreset(id: string): Promise<void> {
  await answer(api.DELETE("/api/library/presets/{preset_id}", { params: { path: { preset_id: id } } }));
}
