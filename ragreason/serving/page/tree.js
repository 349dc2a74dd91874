// A search tree, from left to right: a card a step, its value, visits, and what became of it.

import { el, svg, fill, icon } from "./dom.js";
import { CARD, ROOT, bestPath, depthOf, lay } from "./tree_layout.js";
import { contentOf, details, valueOf } from "./tree_step.js";
import { cut, score } from "./words.js";

/** A tree's card; `show(story, tree)` draws it as far as it has grown. */
export function treeCard() {
  const frame = el("div", { class: "drawing tree-drawing" });
  const detail = el("div", { class: "tree-detail", "aria-live": "polite" });
  const told = el("span", { class: "faint small" });
  const head = el("div", { class: "card-head" }, el("h2", {}, "Search tree"), told, legend());
  const node = el("section", { class: "card", "aria-label": "Search tree" }, head, frame, detail);
  let chosen = null;
  let drawnState = "";

  function show(story, tree) {
    const state = `${tree.changes} ${chosen} ${Boolean(story.answer)}`;
    if (state === drawnState) return; // what is pressed must not be replaced meanwhile
    drawnState = state;
    const focused = frame.contains(document.activeElement);
    const placed = lay(tree);
    const best = bestPath(tree);
    const open = (id) => {
      chosen = id;
      show(story, tree);
    };
    const at = tree.nodes.has(chosen) && chosen !== 0 ? chosen : null;
    const drawn = draw(tree, placed, best, at, open);
    fill(frame, drawn);
    if (focused) drawn.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
    told.textContent = summary(tree);
    fill(detail, at === null ? hint(tree) : details(story, tree.nodes.get(at)));
  }
  return { node, show };
}

const hint = () =>
  el("p", { class: "faint small" }, "Choose a step to read it. Arrow keys move in the tree.");

function summary(tree) {
  const steps = [...tree.nodes.values()].filter((node) => node.id);
  const pruned = steps.filter((node) => node.mark?.pruned).length;
  const depth = Math.max(0, ...steps.map((node) => depthOf(tree, node)));
  return `${steps.length} steps, ${depth} deep${pruned ? `, ${pruned} pruned` : ""}`;
}

function draw(tree, { places, width, height }, best, chosen, open) {
  const picture = svg("svg", {
    class: "tree",
    viewBox: `-2 -2 ${width + 4} ${height + 4}`,
    width: width + 4,
    height: height + 4,
    role: "group",
    "aria-label": "Search tree",
  });
  const root = places.get(0);
  const begun = tree.nodes.get(0).mark?.visits;
  picture.append(
    svg(
      "circle",
      { class: "root", cx: ROOT, cy: root.y, r: ROOT - 4 },
      svg("title", {}, "The question"),
    ),
    begun ? svg("text", { class: "value begun", x: ROOT, y: root.y + ROOT + 8 }, `×${begun}`) : "",
  );
  const first = tree.nodes.get(0).children[0];
  const entry = chosen ?? first;
  for (const [id, at] of places) {
    if (!id) continue;
    picture.append(edge(tree, places, id, best));
  }
  for (const [id, at] of places) {
    if (id) picture.append(card(tree, id, at, best.has(id), id === chosen, id === entry, open));
  }
  return picture;
}

function edge(tree, places, id, best) {
  const node = tree.nodes.get(id);
  const from = places.get(node.parent);
  const to = places.get(id);
  const x = node.parent ? from.x + CARD.width : 2 * ROOT - 4;
  const middle = (x + to.x) / 2;
  return svg("path", {
    class: `branch${best.has(id) ? " best" : ""}${node.mark?.pruned ? " pruned" : ""}`,
    d: `M${x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`,
  });
}

const KIND = {
  thought: "thought",
  search: "search",
  answer: "answer",
  call: "call",
  backtrack: "takes back",
  failed: "failed",
};

function card(tree, id, at, best, chosen, entry, open) {
  const node = tree.nodes.get(id);
  const value = valueOf(node);
  const top = at.y - CARD.height / 2;
  const kind = KIND[node.entry.kind] ?? node.entry.kind;
  const flags = [best && "best", node.mark?.pruned && "pruned"].filter(Boolean);
  const visits = node.mark?.visits ? `×${node.mark.visits}` : "";
  const text = contentOf(node);
  const label = [
    kind,
    ...flags,
    text,
    value === null ? "" : `value ${score(value)}`,
    visits && `${node.mark.visits} visits`,
  ];
  const group = svg("g", {
    class: ["step", ...flags, node.entry.kind === "failed" && "failed", chosen && "chosen"]
      .filter(Boolean)
      .join(" "),
    transform: `translate(${at.x} ${top})`,
    tabindex: entry ? 0 : -1,
    role: "button",
    "aria-pressed": String(chosen),
    "aria-label": label.filter(Boolean).join(", "),
    "data-step": id,
    onclick: () => open(id),
    onkeydown: (event) => move(event, tree, id, open),
  });
  const shown = svg("svg", {
    class: "icon",
    x: 9,
    y: 7,
    width: 13,
    height: 13,
    viewBox: "0 0 16 16",
  });
  shown.append(icon(node.entry.kind === "failed" ? "cross" : node.entry.kind).firstChild);
  group.append(
    svg("title", {}, text),
    svg("rect", { width: CARD.width, height: CARD.height, rx: 7 }),
    shown,
    svg("text", { class: "kind", x: 27, y: 17.5 }, [kind, ...flags].join(" · ")),
    svg(
      "text",
      { class: "value", x: CARD.width - 9, y: 17.5 },
      [visits, value === null ? "" : score(value)].filter(Boolean).join("  "),
    ),
    clipped(text),
  );
  if (value !== null) {
    const share = Math.min(1, Math.max(0, value));
    group.append(
      svg("rect", { class: "track", x: 9, y: 42, width: CARD.width - 18, height: 3, rx: 1.5 }),
      svg("rect", {
        class: "level",
        x: 9,
        y: 42,
        width: (CARD.width - 18) * share,
        height: 3,
        rx: 1.5,
      }),
    );
  }
  return group;
}

/** One line of text that ends where the card does. */
const clipped = (text) =>
  svg(
    "svg",
    { x: 9, y: 22, width: CARD.width - 18, height: 18 },
    svg("text", { class: "text", x: 0, y: 13 }, cut(text, 24)),
  );

function move(event, tree, id, open) {
  const node = tree.nodes.get(id);
  const around = tree.nodes.get(node.parent)?.children ?? [];
  const here = around.indexOf(id);
  const ways = {
    ArrowUp: around[here - 1],
    ArrowDown: around[here + 1],
    ArrowRight: node.children[0],
    ArrowLeft: node.parent || undefined,
    Enter: id,
    " ": id,
  };
  if (!(event.key in ways)) return;
  event.preventDefault();
  if (ways[event.key] !== undefined) open(ways[event.key]);
}

function legend() {
  const item = (kind, word) =>
    el(
      "span",
      { class: "key" },
      el("span", { class: `line ${kind}`, "aria-hidden": "true" }),
      word,
    );
  return el("span", { class: "legend small" }, item("best", "best"), item("pruned", "pruned"));
}
