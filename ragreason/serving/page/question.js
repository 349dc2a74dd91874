// The question's field: Enter asks, Shift+Enter begins a new line.

import { el } from "./dom.js";

/** A labelled field that asks its form; `field` is the textarea. */
export function questionField(id, hint) {
  const onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.form.requestSubmit();
  };
  const field = el("textarea", {
    id,
    class: "question",
    rows: 1,
    required: true,
    "aria-keyshortcuts": "/",
    placeholder: hint,
    onkeydown,
  });
  return { field, node: [el("label", { for: id, class: "hidden" }, "Question"), field] };
}

/** A choice of graphs by name. */
export function graphChoice(id, graphs, chosen, onchange = () => {}) {
  const options = graphs.map((graph) =>
    el("option", { value: graph.name, selected: graph.name === chosen }, graph.name),
  );
  return el("select", { id, onchange }, options);
}
