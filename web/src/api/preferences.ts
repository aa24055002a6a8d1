import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { storeWishes } from "@/lib/notices";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type Preferences = Answer<"/api/account/preferences", "get">["data"];
export type PreferencesWish = Body<"/api/account/preferences", "patch">;

const KEY = ["account", "preferences"] as const;

/** What the person prefers, on every machine; what endings are told by is kept here too, to be at hand at once. */
export const ownPreferences = queryOptions({
  queryKey: KEY,
  staleTime: 300_000,
  queryFn: async ({ signal }): Promise<Preferences> => kept((await answer(api.GET("/api/account/preferences", { signal }))).data),
});

function kept(preferences: Preferences): Preferences {
  const { toast, sound, browser } = preferences.notifications;
  storeWishes({ toast, sound, notices: browser });
  return preferences;
}

/** Changes what is named; what is left out stays. */
export async function prefer(client: QueryClient, wish: PreferencesWish): Promise<void> {
  const now = kept((await answer(api.PATCH("/api/account/preferences", { body: wish }))).data);
  client.setQueryData(KEY, now);
}
