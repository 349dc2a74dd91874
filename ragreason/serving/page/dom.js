// Elements from values. Text only ever becomes text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** An HTML element; attributes that begin with "on" are listeners, children are nodes or texts. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Replaces what is in `node`. */
export function fill(node, ...children) {
  node.replaceChildren();
  return filled(node, {}, children);
}

export const byId = (id) => document.getElementById(id);

const ICONS = {
  check: "M3.5 8.5l3 3 6-7",
  cross: "M4 4l8 8M12 4l-8 8",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  stop: "M4 8h8",
  dots: "M3 8h.01M8 8h.01M13 8h.01",
  search: "M7 12a5 5 0 1 1 0-10 5 5 0 0 1 0 10zM10.7 10.7L14 14",
  thought: "M2.5 3h11v7.5h-6L4 13.5v-3H2.5z",
  answer: "M4 14V2.5h8.5l-2 3 2 3H4",
  call: "M9.5 2.5a3.5 3.5 0 0 0-3 5L2.5 11.500l2 2 4-4a3.500 3.500 0 0 0 4.700-4.200L11 7.500 8.500 5z",
  backtrack: "M6 3L2.500 6.500 6 10M3 6.500h6.500a4 4 0 0 1 0 7.500H7",
  verdict: "M8 2v12M4 14h8M3 5h10M3 5l-1.500 4.500h3zM13 5l-1.500 4.500h3z",
  forced: "M8 2.500l6 11H2zM8 6.500v3.500M8 12h.01",
  theme: "M8 2.500a5.500 5.500 0 1 0 0 11zM8 2.500a5.500 5.500 0 0 1 0 11z",
  node: "M8 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z",
};

/** A small drawing; it says nothing to screen readers, so a word stands beside it. */
export function icon(name) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] ?? ICONS.node }),
  );
}
