// The first view: a question for a graph, and its run.

import { el, fill } from "./dom.js";
import { api } from "./api.js";
import { runView, begin, cancel } from "./run_view.js";
import { graphCard } from "./graph.js";
import { questionField, graphChoice } from "./question.js";
import { noticeBox } from "./notices.js";
import { conversation } from "./conversation.js";

/** `show(id)` opens a run, or the bare form without one; `go(hash)` changes the address. */
export function askView(graphs, go) {
  const notices = noticeBox();
  const talk = conversation(go);
  const idle = el("div", { class: "idle" });
  const pauses = el("div", { class: "checks" });
  const { field, node: question } = questionField(
    "question",
    "Ask something that the documents answer",
  );
  const choice = graphChoice("graph", graphs, graphs[0]?.name, chosen);
  const seed = el("input", { id: "seed", type: "number", min: 0, step: 1, value: 0 });
  const askButton = el("button", { class: "primary", title: "Enter" }, "Ask");
  const stop = el(
    "button",
    { type: "button", class: "stop", hidden: true, onclick: end },
    "Cancel",
  );
  const run = runView(changed);
  let story = null;

  const compare = el(
    "button",
    { type: "button", class: "quiet", onclick: () => go("#/compare", field.value) },
    "Compare two graphs",
  );
  const options = el(
    "details",
    { class: "options" },
    el("summary", {}, "Options"),
    el("div", { class: "option" }, el("span", { class: "name" }, "Pause before"), pauses),
    el("div", { class: "option" }, el("label", { class: "name", for: "seed" }, "Seed"), seed),
    talk.option,
  );
  const form = el(
    "form",
    { class: "card ask", onsubmit: ask, "aria-label": "Ask" },
    question,
    el(
      "div",
      { class: "row" },
      el("label", { for: "graph" }, "Graph"),
      choice,
      el("span", { class: "grow" }),
      compare,
      stop,
      askButton,
    ),
    options,
  );
  const node = el("div", { class: "view" }, form, notices.node, talk.node, idle, run.node);

  function chosen() {
    const graph = graphs.find((one) => one.name === choice.value);
    const box = (name) =>
      el("label", {}, el("input", { type: "checkbox", name: "pause", value: name }), name);
    fill(pauses, (graph?.nodes ?? []).map(box));
    talk.fits(graph);
    if (!story) fill(idle, graph ? graphCard(graph).node : null, keys());
  }

  const keys = () =>
    el(
      "p",
      { class: "faint small keys" },
      "Enter asks, Shift+Enter begins a new line, / leads back to the question.",
    );

  async function ask(event) {
    event?.preventDefault();
    if (!field.value.trim()) return field.focus();
    notices.clear();
    const pause = [...pauses.querySelectorAll("input:checked")].map((input) => input.value);
    const body = {
      graph: choice.value,
      question: field.value.trim(),
      seed: Number(seed.value) || 0,
    };
    askButton.disabled = true;
    try {
      const record = await begin({ ...body, pause_before: pause, thread: talk.thread() });
      open(record);
      go(`#/runs/${record.id}`);
    } catch (error) {
      notices.tell(error, [0, 401, 429].includes(error.status) ? ask : null);
    } finally {
      askButton.disabled = false;
    }
  }

  function open(record) {
    options.open = false;
    fill(idle);
    story = run.open(
      record,
      graphs.find((graph) => graph.name === record.graph),
    );
    talk.show(record);
  }

  function changed(now) {
    const going = ["running", "paused"].includes(now.record.status);
    stop.hidden = !going;
    askButton.hidden = going;
  }

  async function end() {
    stop.disabled = true;
    try {
      const record = await cancel(story.record.id);
      if (story.record.status === "paused") open(record);
    } catch (error) {
      notices.tell(error, end);
    } finally {
      stop.disabled = false;
    }
  }

  async function show(id) {
    if (id && story?.record.id === id) return;
    notices.clear();
    story = null;
    run.close();
    stop.hidden = true;
    askButton.hidden = false;
    chosen();
    talk.show(null);
    if (!id) return;
    try {
      const record = await api(`/v1/runs/${encodeURIComponent(id)}`);
      field.value = record.question.text;
      if (graphs.some((graph) => graph.name === record.graph)) choice.value = record.graph;
      chosen();
      open(record);
    } catch (error) {
      notices.tell(error, () => show(id));
    }
  }
  return { node, show, focus: () => field.focus(), title: "Ask" };
}
