// Past runs and those at work, newest first.

import { el, fill, icon } from "./dom.js";
import { api } from "./api.js";
import { noticeBox } from "./notices.js";
import { status, moment, seconds, duration, count, tokens, cut } from "./words.js";

const PAGE = 50;

/** `show()` loads the newest runs. */
export function runsView(go) {
  const notices = noticeBox();
  const filter = el("input", {
    id: "filter",
    type: "search",
    placeholder: "Filter by question, answer or graph",
    oninput: draw,
  });
  const body = el("tbody");
  const empty = el("p", { class: "faint empty" });
  const more = el("button", { type: "button", hidden: true, onclick: older }, "Older runs");
  const both = el("button", { type: "button", disabled: true, onclick: compare }, "Compare two");
  const names = ["", "Question", "Answer", "Graph", "When", "Time", "Tokens"];
  const head = el(
    "tr",
    {},
    names.map((name) =>
      el("th", { scope: "col" }, name || el("span", { class: "hidden" }, "Chosen")),
    ),
  );
  const table = el("table", { class: "runs" }, el("thead", {}, head), body);
  const node = el(
    "div",
    { class: "view" },
    notices.node,
    el(
      "section",
      { class: "card", "aria-label": "Runs" },
      el(
        "div",
        { class: "card-head" },
        el("h1", {}, "Runs"),
        el("span", { class: "grow" }),
        el("label", { class: "hidden", for: "filter" }, "Filter"),
        filter,
        both,
      ),
      table,
      empty,
      el("p", { class: "row" }, more),
    ),
  );
  let runs = [];
  const chosen = new Set();

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const told = (run) =>
      `${run.question.text}\n${run.answer?.text ?? ""}\n${run.graph}`.toLowerCase();
    const found = runs.filter((run) => told(run).includes(wanted));
    fill(body, found.map(row));
    table.hidden = !found.length;
    empty.hidden = found.length > 0;
    empty.textContent = runs.length ? "No run here has these words." : "Nothing was asked yet.";
    both.disabled = chosen.size !== 2;
  }

  function row(run) {
    const [sign, word] = status(run.status);
    const pick = (event) => {
      if (event.target.checked) chosen.add(run.id);
      else chosen.delete(run.id);
      both.disabled = chosen.size !== 2;
    };
    const box = el("input", {
      type: "checkbox",
      checked: chosen.has(run.id),
      onchange: pick,
      "aria-label": "Choose to compare",
    });
    return el(
      "tr",
      { "data-status": run.status },
      el("td", {}, box),
      el("td", { class: "q" }, el("a", { href: `#/runs/${run.id}` }, cut(run.question.text, 140))),
      el(
        "td",
        { class: "a" },
        run.answer
          ? cut(run.answer.text || "no answer", 80)
          : el("span", { class: "state" }, icon(sign), word),
      ),
      el("td", {}, run.graph),
      el("td", { class: "w" }, moment(run.created_s)),
      el("td", { class: "n" }, seconds(duration(run))),
      el("td", { class: "n" }, run.answer ? count(tokens(run.answer.usage)) : "–"),
    );
  }

  function compare() {
    const ids = runs.filter((run) => chosen.has(run.id)).map((run) => run.id);
    go(`#/compare/${ids.reverse().join("/")}`);
  }

  async function load(before) {
    notices.clear();
    const at = before === undefined ? "" : `&before=${before}`;
    try {
      const reply = await api(`/v1/runs?limit=${PAGE}${at}`);
      runs = before === undefined ? reply.runs : [...runs, ...reply.runs];
      more.hidden = reply.runs.length < PAGE;
      draw();
    } catch (error) {
      notices.tell(error, () => load(before));
    }
  }

  function older() {
    load(runs.at(-1).created_s);
  }
  return { node, show: () => load(), focus: () => filter.focus(), title: "Runs" };
}
