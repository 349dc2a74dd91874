// Two graphs on one question, side by side.

import { el, fill } from "./dom.js";
import { api } from "./api.js";
import { runView, begin, cancel } from "./run_view.js";
import { questionField, graphChoice } from "./question.js";
import { noticeBox } from "./notices.js";
import { count, seconds, duration, tokens } from "./words.js";

/** `show(first, second, question)` opens two runs, or the form. */
export function compareView(graphs, go) {
  const notices = noticeBox();
  const { field, node: question } = questionField(
    "compare-question",
    "One question for both graphs",
  );
  const choices = [0, 1].map((i) =>
    graphChoice(`graph-${i}`, graphs, (graphs[i] ?? graphs[0])?.name),
  );
  const stories = [null, null];
  const views = [0, 1].map(() => runView(changed));
  const table = el("section", { class: "card", "aria-label": "Comparison", hidden: true });
  const askButton = el("button", { class: "primary" }, "Ask both");
  const stop = el(
    "button",
    { type: "button", class: "stop", hidden: true, onclick: end },
    "Cancel",
  );
  const form = el(
    "form",
    { class: "card ask", onsubmit: ask, "aria-label": "Compare" },
    question,
    el(
      "div",
      { class: "row" },
      el("label", { for: "graph-0" }, "Graphs"),
      choices[0],
      el("span", { class: "faint" }, "and"),
      el("label", { for: "graph-1", class: "hidden" }, "Second graph"),
      choices[1],
      el("span", { class: "grow" }),
      stop,
      askButton,
    ),
  );
  const sides = el(
    "div",
    { class: "sides" },
    views.map((view, i) => el("div", { class: "side", "data-side": i }, view.node)),
  );
  const node = el("div", { class: "view" }, form, notices.node, table, sides);

  async function ask(event) {
    event?.preventDefault();
    if (!field.value.trim()) return field.focus();
    notices.clear();
    askButton.disabled = true;
    const asked = choices.map((choice) =>
      begin({ graph: choice.value, question: field.value.trim() }),
    );
    const [one, two] = await Promise.allSettled(asked);
    askButton.disabled = false;
    const failed = [one, two].find((result) => result.status === "rejected");
    if (!failed) {
      open([one.value, two.value]);
      go(`#/compare/${one.value.id}/${two.value.id}`);
      return;
    }
    for (const result of [one, two]) if (result.value) cancel(result.value.id).catch(() => {});
    notices.tell(failed.reason, [0, 401, 429].includes(failed.reason.status) ? ask : null);
  }

  function open(records) {
    records.forEach((record, i) => {
      stories[i] = views[i].open(
        record,
        graphs.find((graph) => graph.name === record.graph),
      );
    });
    changed();
  }

  function changed() {
    const going = stories.some(
      (story) => story && ["running", "paused"].includes(story.record.status),
    );
    stop.hidden = !going;
    askButton.hidden = going;
    table.hidden = !stories[0] || !stories[1];
    if (!table.hidden)
      fill(
        table,
        el("div", { class: "card-head" }, el("h2", {}, "Side by side")),
        figures(stories),
      );
  }

  async function end() {
    for (const story of stories) {
      if (story) await cancel(story.record.id).catch((error) => notices.tell(error, end));
    }
  }

  async function show(first, second, asked = "") {
    if (asked) field.value = asked;
    if (first && stories[0]?.record.id === first && stories[1]?.record.id === second) return;
    notices.clear();
    stories.fill(null);
    for (const view of views) view.close();
    changed();
    if (!first || !second) return;
    try {
      const paths = [first, second].map((id) => `/v1/runs/${encodeURIComponent(id)}`);
      const records = await Promise.all(paths.map((path) => api(path)));
      field.value = records[0].question.text;
      records.forEach((record, i) => {
        if (graphs.some((graph) => graph.name === record.graph)) choices[i].value = record.graph;
      });
      open(records);
    } catch (error) {
      notices.tell(error, () => show(first, second));
    }
  }
  return { node, show, focus: () => field.focus(), title: "Compare" };
}

function figures(stories) {
  const usages = stories.map((story) => story.answer?.usage);
  const rows = [
    ["Answer", stories.map((story) => story.answer?.text || story.record.status)],
    ["Cited passages", stories.map((story) => count(cited(story))), stories.map(cited)],
    [
      "Time",
      stories.map((story) => seconds(duration(story.record))),
      stories.map((story) => duration(story.record)),
    ],
    ["Tokens", usages.map((usage) => (usage ? count(tokens(usage)) : "–")), usages.map(tokens)],
    [
      "Model calls",
      usages.map((usage) => (usage ? count(usage.calls) : "–")),
      usages.map((usage) => usage?.calls),
    ],
    [
      "Searches",
      usages.map((usage) => (usage ? count(usage.retrievals) : "–")),
      usages.map((usage) => usage?.retrievals),
    ],
  ];
  const names = stories.map((story) => el("th", { scope: "col" }, story.record.graph));
  const head = el("tr", {}, el("td"), names, el("th", { scope: "col" }, "Second to first"));
  const row = ([name, texts, values]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      texts.map((text) => el("td", {}, text)),
      el("td", {}, ratio(values)),
    );
  return el(
    "div",
    { class: "scroll" },
    el("table", { class: "ratios" }, el("thead", {}, head), el("tbody", {}, rows.map(row))),
  );
}

const cited = (story) => new Set((story.answer?.citations ?? []).map((c) => c.passage_id)).size;

function ratio(values) {
  if (!values || !values[0] || !values[1]) return "";
  return `${(values[1] / values[0]).toFixed(2)}×`;
}
