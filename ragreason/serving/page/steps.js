// What happened, in order: thoughts, queries with what they found, verdicts, answers.

import { el, fill, icon } from "./dom.js";
import { hitList, refreshBadges } from "./passages.js";
import { verdictText } from "./tree_step.js";
import { seconds, plural, cut } from "./words.js";

const WORDS = {
  thought: "Thought",
  search: "Search",
  answer: "Answer",
  call: "Tool",
  backtrack: "Takes back",
  failed: "No step",
  verdict: "Verdict",
  thinking: "Thinking",
  difficulty: "Difficulty",
  dropped: "Left out",
  forced: "Forced",
};

/** `show(story)` adds the steps that are new. */
export function stepsCard() {
  const list = el("ol", { class: "steps" });
  const told = el("span", { class: "faint small" });
  const head = el("summary", { class: "card-head" }, el("h2", {}, "Steps"), told);
  const box = el("details", { open: true }, head, list);
  const node = el("section", { class: "card", "aria-label": "Steps" }, box);
  let drawn = 0;
  let folded = false;

  function show(story) {
    if (!folded && [...story.trees.values()].some((tree) => tree.branches)) {
      box.open = false; // the tree shows them
      folded = true;
    }
    node.hidden = !story.steps.length;
    told.textContent = `${plural(story.steps.length, "step")}`;
    for (; drawn < story.steps.length; drawn += 1)
      list.append(item(story, story.steps[drawn], drawn));
    refreshVerdicts(list, story);
    refreshBadges(list, story);
  }
  return { node, show };
}

function item(story, step, number) {
  const head = el(
    "p",
    { class: "step-head" },
    icon(step.kind),
    el("strong", {}, WORDS[step.kind] ?? step.kind),
    el("span", { class: "tag" }, step.node),
    el("span", { class: "verdict", "data-verdict": number }),
    el("span", { class: "faint small at" }, seconds(step.at_s)),
  );
  return el("li", {}, head, content(step), step.hits?.length ? hitList(story, step.hits) : null);
}

function content(step) {
  const parts = [];
  if (step.query) parts.push(el("p", { class: "query" }, step.query));
  const said = textOf(step).trim();
  if (said) parts.push(el("p", { class: "text" }, said));
  if (step.step?.result) parts.push(long(step.step.result));
  return parts;
}

function textOf(step) {
  if (step.kind === "verdict") return verdictText(step.verdict);
  if (step.kind === "call") return `${step.step.tool}(${step.step.arguments ?? ""})`;
  if (step.kind === "answer") return step.step?.text || step.text || "left to the answer node";
  if (step.kind === "failed") return step.reason || step.text;
  if (step.kind === "search" && step.text.includes(step.query)) return cutQuery(step);
  return step.text;
}

/** The thought before a search, without the query, which stands above. */
function cutQuery({ text, query }) {
  const before = text
    .slice(0, text.lastIndexOf(query))
    .replace(/\n?\s*Search:\s*$/i, "")
    .trim();
  return before;
}

function long(text) {
  return text.length < 200
    ? el("p", { class: "text" }, text)
    : el(
        "details",
        {},
        el("summary", { class: "small" }, cut(text, 90)),
        el("p", { class: "text" }, text),
      );
}

function refreshVerdicts(list, story) {
  for (const place of list.querySelectorAll("[data-verdict]:empty")) {
    const { verdict, kind } = story.steps[Number(place.dataset.verdict)];
    if (verdict && kind !== "verdict")
      fill(place, icon("verdict"), verdictText({ score: verdict.score, label: verdict.label }));
  }
}
