// Where the steps of a search tree lie: from left to right, leaves below one another.

export const CARD = { width: 184, height: 50, gapX: 26, gapY: 10 };
export const ROOT = 12;

/** How many steps lead to the node. */
export function depthOf(tree, node) {
  let depth = 0;
  for (let at = node; at && at.id; at = tree.nodes.get(at.parent)) depth += 1;
  return depth;
}

/** Places by node: leaves below one another, a parent in the middle of its children. */
export function lay(tree) {
  const places = new Map();
  let row = 0;
  let depth = 0;
  const place = (id, level) => {
    depth = Math.max(depth, level);
    const rows = tree.nodes.get(id).children.map((child) => place(child, level + 1));
    const y = rows.length ? (rows[0] + rows.at(-1)) / 2 : (row += 1) - 1;
    places.set(id, { level, y });
    return y;
  };
  place(0, 0);
  const step = CARD.height + CARD.gapY;
  for (const at of places.values()) {
    at.x = at.level ? 2 * ROOT + CARD.gapX + (at.level - 1) * (CARD.width + CARD.gapX) : 0;
    at.y = at.y * step + CARD.height / 2 + 2;
  }
  const width = 2 * ROOT + depth * (CARD.width + CARD.gapX) + 4;
  return { places, width, height: Math.max(1, row) * step - CARD.gapY + 4 };
}

/** The nodes on the way to the leaf that the strategy gave the most weight. */
export function bestPath(tree) {
  const leaves = [...tree.nodes.values()].filter((node) => node.weight !== null);
  const found = new Set();
  if (!leaves.length) return found;
  let at = leaves.reduce((a, b) => (b.weight > a.weight ? b : a));
  for (; at; at = tree.nodes.get(at.parent)) found.add(at.id);
  return found;
}
