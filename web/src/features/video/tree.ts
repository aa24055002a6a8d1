export type Place = { x: number; y: number };
type Edge = { source: string; target: string };

const ACROSS = 200;
const DOWN = 240;

/** Gives every item a place: below all it was made from, beside its siblings, nothing over anything else. */
export function placed(ids: string[], edges: Edge[]): Map<string, Place> {
  const known = new Set(ids);
  const real = edges.filter((edge) => known.has(edge.source) && known.has(edge.target) && edge.source !== edge.target);
  const parents = new Map<string, string[]>();
  for (const edge of real) parents.set(edge.target, [...(parents.get(edge.target) ?? []), edge.source]);
  const depth = new Map<string, number>();
  const depthOf = (id: string, path: Set<string>): number => {
    const had = depth.get(id);
    if (had !== undefined) return had;
    if (path.has(id)) return 0;
    path.add(id);
    const above = (parents.get(id) ?? []).map((parent) => depthOf(parent, path) + 1);
    path.delete(id);
    const its = Math.max(0, ...above);
    depth.set(id, its);
    return its;
  };
  for (const id of ids) depthOf(id, new Set());
  // An item stands under the first it was made from; a leaf takes the next free column.
  const children = new Map<string, string[]>();
  for (const id of ids) {
    const parent = parents.get(id)?.[0];
    if (parent) children.set(parent, [...(children.get(parent) ?? []), id]);
  }
  const columns = new Map<string, number>();
  let free = 0;
  const settle = (id: string): number => {
    const had = columns.get(id);
    if (had !== undefined) return had;
    columns.set(id, free);
    const below = (children.get(id) ?? []).map(settle);
    const column = below.length > 0 ? (Math.min(...below) + Math.max(...below)) / 2 : free++;
    columns.set(id, column);
    return column;
  };
  for (const id of ids) if (!parents.has(id)) settle(id);
  for (const id of ids) settle(id);
  return new Map(ids.map((id) => [id, { x: (columns.get(id) ?? 0) * ACROSS, y: (depth.get(id) ?? 0) * DOWN }]));
}
