import type { Order, Wanted } from "@/api/library";

export const VIEWS = ["grid", "table"] as const;
export const SORTS = ["created", "duration", "cost"] as const;

/** Everything that can be set on the page; all of it stands in the address. */
export type LibrarySearch = Wanted & {
  sort?: (typeof SORTS)[number];
  order?: "asc";
  view?: "table";
  /** The item whose details are shown. */
  item?: string;
};

export const CHOICES = ["kind", "status", "model", "aspect", "folder", "tag", "channel"] as const;
export type Choice = (typeof CHOICES)[number];
export const RANGES = ["created", "seconds", "cost"] as const;
export type Range = (typeof RANGES)[number];

const TEXTS = [
  "q",
  ...CHOICES,
  "favourite",
  "rating",
  "created_from",
  "created_to",
  "seconds_from",
  "seconds_to",
  "cost_from",
  "cost_to",
  "trashed",
  "item",
] as const;

/** Reads an address; what it does not know, or cannot be, is left out. */
export function readSearch(search: Record<string, unknown>): LibrarySearch {
  const read: LibrarySearch = {};
  for (const name of TEXTS) {
    const value = search[name];
    const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    if (typeof text === "string" && text.trim() !== "") read[name] = text;
  }
  if (read.favourite !== undefined && read.favourite !== "true" && read.favourite !== "false") delete read.favourite;
  if (read.trashed !== "true") delete read.trashed;
  if (read.rating !== undefined && !/^[1-5]$/.test(read.rating)) delete read.rating;
  const sort = SORTS.find((one) => one === search.sort);
  if (sort && sort !== "created") read.sort = sort;
  if (search.order === "asc") read.order = "asc";
  if (search.view === "table") read.view = "table";
  return read;
}

/** What the server is asked: the address without what is only about the look. */
export function wantedOf(search: LibrarySearch): Wanted & Order {
  const { view: _view, item: _item, ...wanted } = search;
  return wanted;
}

export function valuesOf(search: LibrarySearch, choice: Choice): string[] {
  return (search[choice] ?? "").split(",").filter(Boolean);
}

/** Adds a value to a filter, or takes it out. */
export function toggled(search: LibrarySearch, choice: Choice, value: string): LibrarySearch {
  const before = valuesOf(search, choice);
  if (choice === "folder") return { ...search, folder: before[0] === value ? undefined : value };
  const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value];
  return { ...search, [choice]: after.length > 0 ? after.join(",") : undefined };
}

/** Whether anything at all is left out of the list. */
export function filtering(search: LibrarySearch): boolean {
  const { view: _view, item: _item, sort: _sort, order: _order, trashed: _trashed, ...rest } = search;
  return Object.values(rest).some((value) => value !== undefined);
}

/** The same page without any filter. */
export function unfiltered(search: LibrarySearch): LibrarySearch {
  const { view, item, sort, order, trashed } = search;
  return { view, item, sort, order, trashed };
}
