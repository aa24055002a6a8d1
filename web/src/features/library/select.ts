import { useCallback, useMemo, useState } from "react";
import type { Item } from "@/api/library";

/** Which items are selected; a range goes from the last one that was touched. */
export function useSelection(items: Item[]) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [anchor, setAnchor] = useState<string | null>(null);
  const toggle = useCallback(
    (index: number, range: boolean) => {
      const item = items[index];
      if (!item) return;
      const from = range && anchor !== null ? items.findIndex((one) => one.id === anchor) : -1;
      setIds((before) => {
        const next = new Set(before);
        if (from >= 0) {
          for (const one of items.slice(Math.min(from, index), Math.max(from, index) + 1)) next.add(one.id);
        } else if (!next.delete(item.id)) next.add(item.id);
        return next;
      });
      setAnchor(item.id);
    },
    [items, anchor],
  );
  const clear = useCallback(() => setIds(new Set()), []);
  const all = useCallback(() => setIds(new Set(items.map((item) => item.id))), [items]);
  const chosen = useMemo(() => items.filter((item) => ids.has(item.id)), [items, ids]);
  return { ids, chosen, toggle, clear, all, touch: setAnchor };
}
