import { infiniteQueryOptions } from "@tanstack/react-query";
import { answer, api, ask } from "./client";
import { type Item, libraryKeys } from "./library";

const PAGE = "60";

/** Characters of the project, the newest first; `q` is looked for in their names. */
export const charactersLike = (q: string) =>
  infiniteQueryOptions({
    queryKey: [...libraryKeys.live, "characters", q] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/library/items", {
          params: { query: { kind: "character", q: q || undefined, limit: PAGE, after: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next ?? undefined,
  });

/** Pictures of the project that were brought to the server, the newest first. */
export const keptPictures = (q: string) =>
  infiniteQueryOptions({
    queryKey: [...libraryKeys.live, "pictures", q] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/library/items", {
          params: { query: { kind: "upload", q: q || undefined, limit: PAGE, after: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next ?? undefined,
  });

/** Finished clips to work from, the newest first; `q` is looked for in prompts, names and tags. */
export const finishedClips = (q = "") =>
  infiniteQueryOptions({
    queryKey: [...libraryKeys.live, "finished", q] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/library/items", {
          params: { query: { kind: "task,clip", status: "completed", q: q || undefined, limit: PAGE, after: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next ?? undefined,
  });

/** Keeps one to three seconds of a clip as a character, and names it. */
export async function keepCharacter(clip: Item, from: number, to: number, name: string): Promise<void> {
  if (clip.kind !== "task") {
    await answer(api.POST("/api/library/characters", { body: { item_id: clip.id, name, start_seconds: from, end_seconds: to } }));
    return;
  }
  const timestamps = `${from.toFixed(2)},${to.toFixed(2)}`;
  await ask("POST", "/sora/v1/characters", { from_task: clip.id, timestamps, name });
}
