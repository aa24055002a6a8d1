import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Bulk, type Change, changeItem, type Detail, doToMany, type Item, libraryKeys } from "@/api/library";
import { asFailure } from "@/lib/failure";
import { type Pages, withChanged } from "./merge";

function patchLists(client: QueryClient, ids: Set<string>, change: (item: Item) => Item | null): void {
  client.setQueriesData<Pages>({ queryKey: libraryKeys.lists }, (known) =>
    known?.pages ? withChanged(known, (item) => (ids.has(item.id) ? change(item) : item)) : known,
  );
}

function patchDetail(client: QueryClient, id: string, part: Partial<Detail>): void {
  client.setQueryData<Detail>(libraryKeys.item(id), (known) => (known ? { ...known, ...part } : known));
}

/** Has everything asked again that counts or names items. */
export function refreshLibrary(client: QueryClient): void {
  for (const key of [libraryKeys.live, libraryKeys.facets({}).slice(0, 1), libraryKeys.folders, libraryKeys.tags]) {
    void client.invalidateQueries({ queryKey: [...key] });
  }
}

/** Begins every list anew. */
export function restartLists(client: QueryClient): void {
  void client.resetQueries({ queryKey: libraryKeys.lists });
  refreshLibrary(client);
}

/** What can be done to items; it shows at once and is taken back when the server refuses. */
export function useActions() {
  const client = useQueryClient();
  const { t } = useTranslation("library");
  return useMemo(() => {
    const refused = (thrown: unknown) => {
      notifications.show({ color: "red", message: asFailure(thrown).message });
      restartLists(client);
    };
    const many = async (wish: Bulk, at: (item: Item) => Item | null) => {
      patchLists(client, new Set(wish.ids), at);
      try {
        const done = await doToMany(wish);
        refreshLibrary(client);
        if (done.skipped.length > 0) {
          notifications.show({ message: t("done.skipped", { count: done.skipped.length }) });
          restartLists(client);
        }
        return true;
      } catch (thrown) {
        refused(thrown);
        return false;
      }
    };
    const favourite = (items: Item[]) => {
      const on = !items.every((item) => item.favourite);
      for (const item of items) patchDetail(client, item.id, { favourite: on });
      return many({ action: on ? "favourite" : "unfavourite", ids: items.map((one) => one.id) }, (item) => ({
        ...item,
        favourite: on,
      }));
    };
    const restore = async (ids: string[]) => {
      if (await many({ action: "restore", ids }, () => null)) restartLists(client);
    };
    const trash = async (ids: string[]) => {
      if (!(await many({ action: "trash", ids }, () => null))) return;
      const id = `trashed-${ids[0]}`;
      notifications.show({
        id,
        autoClose: 10_000,
        message: (
          <span style={{ display: "flex", alignItems: "center", gap: 12 }}>
            {t("done.trashed", { count: ids.length })}
            <Button
              size="compact-xs"
              variant="default"
              onClick={() => {
                notifications.hide(id);
                void restore(ids);
              }}
            >
              {t("done.undo")}
            </Button>
          </span>
        ),
      });
    };
    const change = async (id: string, wish: Change) => {
      try {
        const now = await changeItem(id, wish);
        client.setQueryData<Detail>(libraryKeys.item(id), now);
        patchLists(client, new Set([id]), (item) => ({
          ...item,
          name: now.name,
          favourite: now.favourite,
          rating: now.rating,
          folder_id: now.folder_id,
          tags: now.tags,
        }));
        refreshLibrary(client);
      } catch (thrown) {
        refused(thrown);
      }
    };
    return { many, favourite, trash, restore, change };
  }, [client, t]);
}

export type Actions = ReturnType<typeof useActions>;
