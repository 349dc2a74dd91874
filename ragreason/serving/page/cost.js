// What a run cost: time, tokens by kind, calls, searches.

import { el, fill } from "./dom.js";
import { count, seconds, duration, tokens } from "./words.js";

const KINDS = [
  ["prompt_tokens", "prompt"],
  ["completion_tokens", "completion"],
  ["verifier_tokens", "verifier"],
];

/** `show(story)` draws the figures; tokens and calls are known once there is an answer. */
export function costCard() {
  const body = el("div");
  const head = el("div", { class: "card-head" }, el("h2", {}, "Cost"));
  const node = el("section", { class: "card cost", "aria-label": "Cost" }, head, body);
  return { node, show: (story) => fill(body, figures(story), split(story.answer?.usage)) };
}

function figures(story) {
  const usage = story.answer?.usage;
  const first = story.answer?.first_token_s;
  return el(
    "dl",
    { class: "figures" },
    figure("Time", seconds(duration(story.record)), first ? `answer from ${seconds(first)}` : ""),
    figure("Tokens", usage ? count(tokens(usage)) : "–", saved(usage)),
    figure("Model calls", usage ? count(usage.calls) : "–", cached(usage)),
    figure("Searches", count(usage ? usage.retrievals : story.queries.size)),
  );
}

const figure = (name, value, more = "") =>
  el(
    "div",
    {},
    el("dt", {}, name),
    el("dd", {}, value),
    more && el("dd", { class: "faint small" }, more),
  );

const saved = (usage) =>
  usage?.cached_tokens ? `${count(usage.cached_tokens)} from the prefix cache` : "";
const cached = (usage) =>
  usage?.cache_hits ? `${count(usage.cache_hits)} from the response cache` : "";

function split(usage) {
  const all = tokens(usage);
  if (!all) return null;
  const parts = KINDS.filter(([key]) => usage[key]);
  const bar = el("div", { class: "split", "aria-hidden": "true" });
  for (const [key, name] of parts) {
    const part = el("span", { class: name });
    part.style.flexGrow = String(usage[key]);
    bar.append(part);
  }
  const row = ([key, name]) =>
    el(
      "li",
      {},
      el("span", { class: `swatch ${name}`, "aria-hidden": "true" }),
      el("span", {}, name),
      key === "completion_tokens" && usage.reasoning_tokens
        ? el("span", { class: "faint small" }, `${count(usage.reasoning_tokens)} thought`)
        : null,
      el("span", { class: "n" }, count(usage[key])),
    );
  return [bar, el("ul", { class: "kinds" }, parts.map(row))];
}
