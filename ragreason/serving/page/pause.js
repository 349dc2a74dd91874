// What a paused run is about to do: let it go on, with another query if you like, or end it.

import { el, fill } from "./dom.js";
import { api } from "./api.js";

/** `show(story)` asks while the run waits; `onGo(record)` is told when it goes on. */
export function pauseCard(onGo, onError) {
  const node = el("section", { class: "card pause", "aria-label": "Paused", hidden: true });
  let shown = "";

  function show(story) {
    const { record } = story;
    node.hidden = record.status !== "paused";
    const state = node.hidden ? "" : JSON.stringify(record.waits);
    if (state === shown) return;
    shown = state;
    fill(node, node.hidden ? null : form(record));
    node.querySelector("textarea, button")?.focus({ preventScroll: true });
  }

  function form(record) {
    const { query, queries } = record.waits.values ?? {};
    const many = Array.isArray(queries) && queries.length > 0;
    const before = many ? queries.join("\n") : (query ?? "");
    const field = el("textarea", {
      id: `edit-${record.id}`,
      rows: many ? Math.min(8, queries.length + 1) : 2,
      value: before,
    });
    const label = el("label", { for: field.id }, many ? "Queries, one a line" : "Query");
    const go = async (event) => {
      event.preventDefault();
      const body = edits(field.value, before, many);
      try {
        onGo(
          await api(`/v1/runs/${encodeURIComponent(record.id)}/resume`, { method: "POST", body }),
        );
      } catch (error) {
        onError(error);
      }
    };
    return el(
      "form",
      { onsubmit: go },
      el("h2", {}, `Paused before ${record.waits.nodes.join(" and ")}`),
      el(
        "p",
        { class: "faint small" },
        "Read what it is about to search for; change it, or let it go on.",
      ),
      before ? [label, field] : null,
      el("p", { class: "row" }, el("button", { class: "primary" }, "Go on")),
    );
  }
  return { node, show };
}

function edits(value, before, many) {
  if (value === before) return {};
  if (!many) return { query: value };
  return {
    queries: value
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean),
  };
}
