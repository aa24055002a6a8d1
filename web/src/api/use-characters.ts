import { useInfiniteQuery } from "@tanstack/react-query";
import { charactersLike } from "./characters";
import type { Item } from "./library";

/**
 * Characters by name or id. The newest are looked through here, letter by letter; the server, which finds words
 * and their beginnings, is asked for the others.
 */
export function useCharacters(q: string) {
  const newest = useInfiniteQuery(charactersLike(""));
  const others = useInfiniteQuery({ ...charactersLike(q), enabled: q !== "" });
  const list = q === "" ? newest : others;
  const of = (found: typeof newest) => found.data?.pages.flatMap((page) => page.data) ?? [];
  const small = q.toLowerCase();
  const near = of(newest).filter((one) => `${one.name ?? ""} ${one.id}`.toLowerCase().includes(small));
  const items = new Map<string, Item>();
  for (const one of q === "" ? of(newest) : [...near, ...of(others)]) items.set(one.id, one);
  return { list, items: [...items.values()] };
}
