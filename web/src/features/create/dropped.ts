import { notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { readRecipe } from "@/api/bringing";
import { oneItem } from "@/api/library";
import { asFailure } from "@/lib/failure";
import { restored } from "./arrive";
import { type Draft, EMPTY } from "./draft";
import { draftOf } from "./preset";
import type { Change } from "./state";

/** Puts the recipe inside a dropped clip into the composer; what it says may have been written by anybody. */
export async function takeRecipe(file: File, client: QueryClient, change: Change): Promise<void> {
  try {
    const { recipe, item_id: known } = await readRecipe(file);
    if (!recipe) {
      notifications.show({ message: i18next.t("create:recipe.none", { file: file.name }) });
      return;
    }
    change(known ? await restored(await client.fetchQuery(oneItem(known)), "reuse") : told(recipe));
    notifications.show({ message: i18next.t("create:recipe.taken", { file: file.name }) });
  } catch (thrown) {
    notifications.show({ color: "red", message: asFailure(thrown).message });
  }
}

/** What of a stranger's recipe fits into the composer: its words and settings, no files. */
export function told(recipe: Record<string, unknown>): Partial<Draft> {
  const { variations: _one, cast: _none, ...part } = draftOf({ prompt: "", ...recipe });
  return { ...part, pictures: EMPTY.pictures, cast: [], source: null };
}
