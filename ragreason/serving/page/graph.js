// The graph as the server laid it out, with what each node is doing.

import { el, svg, icon, fill } from "./dom.js";
import { went } from "./story.js";

const MARGIN = 14;
const GLYPHS = {
  running: "M0 -3.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 1 0 0 -7z",
  done: "M-3.500 0.500l2.500 2.500 4.500 -5.500",
  paused: "M-2 -3.500v7M2 -3.500v7",
  failed: "M-3 -3l6 6M3 -3l-6 6",
};
const WORDS = { running: "at work", done: "done", paused: "waiting for you", failed: "failed" };
let drawings = 0;

/** A drawing of `graph` ({name, drawing}); `show(story)` brings it up to date. */
export function graphPicture(graph) {
  const { drawing } = graph;
  const number = (drawings += 1);
  const [width, height] = [drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN];
  const picture = svg("svg", {
    class: "graph",
    viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`,
    width: Math.round(width),
    role: "img",
    "aria-label": `The graph ${graph.name}`,
  });
  picture.append(heads(number));
  const arrows = drawing.arrows.map((arrow) => [arrow, arrowPath(arrow, number)]);
  const nodes = new Map(drawing.nodes.map((node) => [node.name, nodeBox(node)]));
  picture.append(...arrows.map(([, path]) => path), ...[...nodes.values()].map((n) => n.group));
  picture.append(...drawing.arrows.filter((arrow) => arrow.label).map(arrowLabel));

  function show(story) {
    for (const [arrow, path] of arrows) path.classList.toggle("taken", went(story, arrow));
    const said = [];
    for (const [name, node] of nodes) {
      const state = stateOf(story, name);
      node.group.setAttribute("data-state", state);
      node.glyph.setAttribute("d", GLYPHS[state] ?? "");
      const times = story.nodes.get(name)?.times ?? 0;
      node.times.textContent = times > 1 ? `×${times}` : "";
      if (WORDS[state] && name !== "START" && name !== "END") said.push(`${name} ${WORDS[state]}`);
    }
    const told = said.length ? `: ${said.join(", ")}` : "";
    picture.setAttribute("aria-label", `The graph ${graph.name}${told}`);
  }
  return { node: picture, show };
}

function stateOf(story, name) {
  const { record } = story;
  if (name === "START") return story.nodes.size ? "done" : "";
  if (name === "END") return record.status === "finished" ? "done" : "";
  if (record.status === "paused" && record.waits.nodes?.includes(name)) return "paused";
  const state = story.nodes.get(name)?.state ?? "";
  if (state !== "running" || record.status === "running") return state;
  return record.status === "failed" ? "failed" : "";
}

function heads(number) {
  const head = (kind) =>
    svg(
      "marker",
      {
        id: `head-${kind}-${number}`,
        class: `head ${kind}`,
        viewBox: "0 0 8 8",
        refX: 7,
        refY: 4,
        markerWidth: 9,
        markerHeight: 9,
        markerUnits: "userSpaceOnUse",
        orient: "auto",
      },
      svg("path", { d: "M0 .5L8 4L0 7.500z" }),
    );
  return svg("defs", {}, head("any"));
}

function arrowPath(arrow, number) {
  return svg("path", {
    class: `arrow ${arrow.style}`,
    d: arrow.path,
    "marker-end": `url(#head-any-${number})`,
  });
}

function arrowLabel(arrow) {
  return svg(
    "g",
    { class: `arrow-label ${arrow.style}` },
    svg("rect", { ...corner(arrow), width: arrow.width, height: arrow.height, rx: 4 }),
    svg("text", { x: arrow.x, y: arrow.y + 4 }, arrow.label),
  );
}

const corner = (box) => ({ x: box.x - box.width / 2, y: box.y - box.height / 2 });

function nodeBox(node) {
  const end = node.name === "START" || node.name === "END";
  const plain = end || node.detail === node.name || !node.detail;
  const { x, y } = corner(node);
  const glyph = svg("path", { class: "glyph", transform: `translate(${x + node.width} ${y})` });
  const badge = svg("circle", { class: "badge", cx: x + node.width, cy: y, r: 8 });
  const times = svg("text", { class: "times", x: x + node.width - 12, y: y - 5 });
  const group = svg(
    "g",
    { class: end ? "box end" : "box", "data-node": node.name },
    svg("rect", { x, y, width: node.width, height: node.height, rx: end ? 13 : 8 }),
    svg("text", { class: "name", x: node.x, y: node.y + (plain ? 4.5 : -2) }, node.name),
    plain ? null : svg("text", { class: "detail", x: node.x, y: node.y + 14 }, node.detail),
    end ? null : [badge, glyph, times],
  );
  return { group, glyph, times };
}

/** The picture in a frame that names the graph and says what it does. */
export function graphCard(graph) {
  const drawn = graphPicture(graph);
  const head = el(
    "div",
    { class: "card-head" },
    el("h2", {}, graph.name),
    el("span", { class: "faint small" }, (graph.paradigm ?? "").replaceAll("_", " ")),
  );
  const about = graph.description ? el("p", { class: "faint small" }, graph.description) : null;
  const frame = el("div", { class: "drawing", tabindex: 0, role: "group" }, drawn.node);
  frame.setAttribute("aria-label", `The graph ${graph.name}; scrolls`);
  const node = el(
    "section",
    { class: "card graph-card", "aria-label": "Graph" },
    head,
    about,
    frame,
  );
  return { node, show: drawn.show };
}

/** A card in the place of a graph that is not served any more. */
export function noGraphCard(name) {
  const told = el("p", { class: "faint" }, `The graph '${name}' is not served here any more.`);
  return {
    node: fill(el("section", { class: "card" }), el("h2", {}, icon("node"), name), told),
    show() {},
  };
}
