// The answer as it grows, with citations that open their passages, and how the run stands.

import { el, fill, icon } from "./dom.js";
import { openPassage } from "./passages.js";
import { status, seconds, duration } from "./words.js";

const MARKS = /\s*\[\d+\]/g;

/** `show(story)` draws the answer and how it stands. */
export function answerCard() {
  const state = el("p", { class: "state" });
  const short = el("p", { class: "answer", "aria-live": "polite" });
  const cited = el("p", { class: "sentence" });
  const notes = el("div", { class: "notes" });
  const sources = el("ol", { class: "sources" });
  const node = el("section", { class: "card answer-card", "aria-label": "Answer" });
  node.append(state, short, cited, notes, sources);

  function show(story) {
    const { record, answer } = story;
    node.hidden = record.status === "paused" && !answer && !story.text;
    fill(state, stateLine(story));
    state.dataset.status = record.status;
    if (answer) {
      const said = answer.abstained
        ? "The documents don't answer this."
        : answer.text || "No answer";
      const sentence =
        (answer.cited ?? "").replace(MARKS, "").trim() === answer.text ? "" : answer.cited;
      fill(short, el("span", {}, said), sentence ? null : numbers(story));
      fill(cited, linked(story, sentence ?? ""));
    } else {
      fill(short, story.text, record.status === "running" ? el("span", { class: "caret" }) : null);
      fill(cited);
    }
    short.hidden = !answer && !story.text;
    cited.hidden = !cited.childNodes.length;
    fill(notes, notesOf(story));
    fill(
      sources,
      (answer?.citations ?? []).map((citation) => source(story, citation)),
    );
    sources.hidden = !sources.childNodes.length;
  }
  return { node, show };
}

function stateLine({ record, nodes }) {
  const [sign, word] = status(record.status);
  const busy = [...nodes].filter(([, node]) => node.state === "running").map(([name]) => name);
  const what = record.status === "running" && busy.length ? `${word}: ${busy.join(", ")}` : word;
  const took = seconds(duration(record));
  return [icon(sign), el("span", {}, what), el("span", { class: "faint" }, took)];
}

/** The sentence with its [n] as buttons. */
function linked(story, sentence) {
  const byNumber = new Map((story.answer.citations ?? []).map((c) => [c.number, c]));
  return sentence.split(/(\[\d+\])/).map((part) => {
    const found = byNumber.get(Number(/^\[(\d+)\]$/.exec(part)?.[1]));
    return found ? citation(story, found) : part;
  });
}

const numbers = (story) => (story.answer.citations ?? []).map((found) => citation(story, found));

function citation(story, found) {
  return el(
    "button",
    {
      class: "citation",
      "aria-label": `Citation ${found.number}: ${found.title}`,
      onclick: () => openPassage(story, found.passage_id),
    },
    `[${found.number}]`,
  );
}

function source(story, found) {
  return el(
    "li",
    {},
    citation(story, found),
    el("span", { class: "title" }, found.title || found.document),
    found.quote ? el("q", {}, found.quote) : null,
  );
}

function notesOf({ record, answer }) {
  const found = [];
  if (record.status === "failed")
    found.push(note("cross", "bad", record.error || "It failed.", advice(record.error)));
  if (record.status === "cancelled")
    found.push(note("stop", "", "You ended this run before it had an answer."));
  if (!answer) return found;
  if (answer.status === "forced") {
    found.push(
      note(
        "forced",
        "warn",
        `Answered from what was there: ${answer.forced_by || "a limit was reached"}.`,
      ),
    );
  }
  if (answer.missing?.length)
    found.push(note("search", "", `Missing: ${answer.missing.join("; ")}.`));
  for (const other of answer.alternatives ?? []) {
    const share = Math.round(100 * other.weight);
    found.push(
      note("verdict", "", `Other evidence says: ${other.text} (${share} % of the support).`),
    );
  }
  return found;
}

const note = (sign, kind, text, more = "") =>
  el(
    "p",
    { class: `note ${kind}` },
    icon(sign),
    el("span", {}, text, more && el("span", { class: "faint" }, ` ${more}`)),
  );

function advice(error) {
  if (/Engine(Died|Timeout)?Error|connect/i.test(error))
    return "The model's server may be down; try again when it is back.";
  if (/longer than/.test(error))
    return "Ask something smaller, or let the server give questions more time.";
  return "";
}
