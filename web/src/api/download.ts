import type { Item } from "./library";

/** The address under which a browser stores the file of an item. */
export function fileAddress(item: Pick<Item, "media">): string | null {
  return item.media.download ?? null;
}

/** Has the browser store what is behind an address. */
export function store(address: string, name = ""): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
