// A conversation: runs of one thread, each with those before it as its history.

import { el, fill } from "./dom.js";
import { api } from "./api.js";
import { cut } from "./words.js";

/** The option, the earlier turns, and the thread that the next question belongs to. */
export function conversation(go) {
  const node = el("section", { class: "card turns", "aria-label": "Conversation", hidden: true });
  const box = el("input", { id: "talk", type: "checkbox" });
  const fitting = el("span", { class: "faint small" });
  const option = el(
    "div",
    { class: "option" },
    el("span", { class: "name" }, "Conversation"),
    el("label", {}, box, "Ask on in one conversation"),
    fitting,
  );
  let current = "";

  function thread() {
    if (!box.checked) return "";
    current ||= crypto.getRandomValues(new Uint32Array(4)).join("-");
    return current;
  }

  function fits(graph) {
    fitting.textContent =
      graph && !graph.reads_history ? `${graph.name} does not look at earlier turns` : "";
  }

  /** The turns before a run, if it is part of a conversation. */
  async function show(record) {
    node.hidden = true;
    if (!record) return;
    current = record.thread;
    box.checked = Boolean(record.thread);
    if (!record.thread) return;
    let runs;
    try {
      ({ runs } = await api(`/v1/threads/${encodeURIComponent(record.thread)}`));
    } catch {
      return; // the run itself is shown all the same
    }
    const before = runs.filter((run) => run.created_s < record.created_s);
    node.hidden = !before.length;
    const end = () => {
      box.checked = false;
      current = "";
      go("#/");
    };
    fill(
      node,
      el(
        "div",
        { class: "card-head" },
        el("h2", {}, "Conversation"),
        el("button", { class: "quiet", onclick: end }, "End it"),
      ),
      el("ol", { class: "talk" }, before.map(turn)),
    );
  }
  return { node, option, thread, fits, show };
}

function turn(run) {
  return el(
    "li",
    {},
    el("a", { href: `#/runs/${run.id}` }, cut(run.question.text, 160)),
    el("p", {}, run.answer ? run.answer.text || "no answer" : run.status),
  );
}
