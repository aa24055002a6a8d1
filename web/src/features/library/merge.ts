import type { InfiniteData } from "@tanstack/react-query";
import type { Item, Page } from "@/api/library";

export type Pages = InfiniteData<Page>;

export function itemsOf(data: Pages | undefined): Item[] {
  return data?.pages.flatMap((page) => page.data) ?? [];
}

/**
 * Puts the newest page as it is now in front of what was read before, without reading the rest again.
 * Gives null when nothing ties the two together: then the list has to be begun anew.
 */
export function withHead(known: Pages, head: Page): Pages | null {
  if (head.next === null) return { pages: [head], pageParams: [undefined] };
  const last = head.data.at(-1);
  if (!last) return null;
  const all = itemsOf(known);
  const at = all.findIndex((item) => item.id === last.id);
  if (at < 0) return null;
  const now = new Set(head.data.map((item) => item.id));
  let passed = 0;
  const pages = known.pages.map((page, n) => {
    const rest = page.data.filter((item, index) => passed + index > at && !now.has(item.id));
    passed += page.data.length;
    return { ...page, data: n === 0 ? [...head.data, ...rest] : rest };
  });
  return { ...known, pages };
}

/** Writes changed items in place; those that map to null are taken out. */
export function withChanged(known: Pages, change: (item: Item) => Item | null): Pages {
  let any = false;
  const pages = known.pages.map((page) => {
    const data = page.data.map(change).filter((item): item is Item => item !== null);
    const same = data.length === page.data.length && data.every((item, n) => item === page.data[n]);
    any ||= !same;
    return same ? page : { ...page, data };
  });
  return any ? { ...known, pages } : known;
}
