import { ourHeaders } from "./client";
import type { Item } from "./library";

/** The address under which a browser stores the file of an item. */
export function fileAddress(item: Pick<Item, "media">): string | null {
  const address = item.media.video ?? item.media.picture;
  if (!address) return null;
  return `${address}${address.includes("?") ? "&" : "?"}download=true`;
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

/** Fetches a file of ours as it is. */
export async function fetched(address: string): Promise<Blob> {
  const response = await fetch(address, { headers: ourHeaders("GET") });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.blob();
}
