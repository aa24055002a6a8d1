import { answer, api, ask } from "./client";
import type { Answer, Body } from "./types";

export type Recipe = Answer<"/api/library/recipes/read", "post">;
export type Brought = Answer<"/api/library/import", "post">;
export type OldList = Answer<"/api/library/legacy/read", "post">;
export type OldClip = OldList["clips"][number];
export type OldCharacter = OldList["characters"][number];
export type Cut = Body<"/api/library/characters", "post">;

/** What a clip says about how it was made. */
export async function readRecipe(file: File): Promise<Recipe> {
  const form = new FormData();
  form.append("file", file, file.name);
  return ask<Recipe>("POST", "/api/library/recipes/read", form);
}

/** What is known of a clip from elsewhere. */
export type Told = { prompt?: string | null; model?: string | null; name?: string | null; created_at?: number | null };

/** Keeps a clip from elsewhere in the library; the very same clip is kept once. */
export async function bringClip(file: File, told: Told): Promise<Brought> {
  const form = new FormData();
  for (const [name, value] of Object.entries(told)) if (value !== null && value !== undefined) form.append(name, String(value));
  form.append("file", file, file.name);
  return ask<Brought>("POST", "/api/library/import", form);
}

/** What an earlier program kept in `history.json` or `characters.json`. */
export async function readOldList(kind: "history" | "characters", file: File): Promise<OldList> {
  const form = new FormData();
  form.append("kind", kind);
  form.append("file", file, file.name);
  return ask<OldList>("POST", "/api/library/legacy/read", form);
}

export async function bringCharacter(body: Cut): Promise<Brought> {
  return answer(api.POST("/api/library/characters", { body }));
}
