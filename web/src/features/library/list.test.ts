import { expect, test } from "vitest";
import type { Page } from "@/api/library";
import { itemOf } from "@/testing/items";
import { readSearch, toggled } from "./filters";
import { GAP, rowsOf } from "./layout";
import { itemsOf, type Pages, withHead } from "./merge";

const page = (ids: string[], next: string | null): Page => ({
  data: ids.map((id) => itemOf({ id })),
  next,
  previous: null,
});
const known = (...pages: Page[]): Pages => ({ pages, pageParams: pages.map(() => undefined) });
const ids = (pages: Pages | null) => (pages ? itemsOf(pages).map((item) => item.id) : null);

test("what is new comes in front and what was read stays", () => {
  const before = known(page(["c", "b"], "1"), page(["a", "z"], null));

  expect(ids(withHead(before, page(["e", "d", "c"], "2")))).toEqual(["e", "d", "c", "b", "a", "z"]);
});

test("what is gone from the newest page goes, and nothing stands twice", () => {
  const before = known(page(["d", "c", "b"], "1"), page(["a"], null));

  expect(ids(withHead(before, page(["d", "b"], "2")))).toEqual(["d", "b", "a"]);
});

test("a list that nothing ties to the newest page is begun anew", () => {
  expect(withHead(known(page(["b", "a"], null)), page(["z", "y"], "1"))).toBeNull();
});

test("rows fill the width with every clip in its own shape", () => {
  const shapes = ["1280x720", "720x1280", "1024x1024", "1280x720", "720x1280", "1280x720", "1280x720"];
  const items = shapes.map((size, n) => itemOf({ id: String(n), size, media: {} }));

  const rows = rowsOf(items, 800, 160, false).filter((row) => row.kind === "tiles");

  for (const row of rows.slice(0, -1)) {
    const width = row.tiles.reduce((sum, tile) => sum + tile.width, 0) + GAP * (row.tiles.length - 1);
    expect(width).toBeCloseTo(800, 3);
    for (const tile of row.tiles) {
      const [w, h] = (tile.item.size ?? "").split("x").map(Number) as [number, number];
      expect(tile.width / row.height).toBeCloseTo(w / h, 3);
    }
  }
  expect(rows.flatMap((row) => row.tiles.map((tile) => tile.index))).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("a hundred thousand clips are laid out, each once", () => {
  const items = Array.from({ length: 100_000 }, (_, n) => itemOf({ id: String(n), created_at: 1_700_000_000_000 - n * 60_000 }));

  const rows = rowsOf(items, 1400, 176, true);

  const placed = rows.reduce((sum, row) => sum + (row.kind === "tiles" ? row.tiles.length : 0), 0);
  expect(placed).toBe(100_000);
});

test("an address is read with what it may be and nothing else", () => {
  expect(readSearch({ q: "灯塔", rating: 9, favourite: true, sort: "size", view: "list", order: "asc", x: 1 })).toEqual({
    q: "灯塔",
    favourite: "true",
    order: "asc",
  });
  expect(toggled({ status: "failed" }, "status", "completed")).toEqual({ status: "failed,completed" });
  expect(toggled({ status: "failed" }, "status", "failed")).toEqual({ status: undefined });
});
