// Passages: what was found, how well it fits, and which sentences the answer rests on.

import { el, fill, byId } from "./dom.js";
import { api } from "./api.js";
import { ordered, uses, wasRead } from "./story.js";
import { score, cut } from "./words.js";

/** The text with the quotes in <mark>: texts and elements, in order. */
export function marked(text, quotes) {
  const spans = quotes
    .filter((quote) => quote)
    .map((quote) => [text.indexOf(quote), quote.length])
    .filter(([at]) => at >= 0)
    .sort((a, b) => a[0] - b[0]);
  const parts = [];
  let done = 0;
  for (const [at, length] of spans) {
    if (at + length <= done) continue;
    const from = Math.max(at, done);
    parts.push(text.slice(done, from), el("mark", {}, text.slice(from, at + length)));
    done = at + length;
  }
  return [...parts, text.slice(done)];
}

const titleOf = (passage) => passage.title || passage.document || "Without a title";

function badges(story, id) {
  const { numbers } = uses(story, id);
  const cited = numbers.map((n) => el("span", { class: "cite-badge", title: "cited" }, `[${n}]`));
  if (numbers.length) return cited;
  const read = wasRead(story, id);
  return read === true
    ? [el("span", { class: "tag", title: "was in the prompt of the answer" }, "read")]
    : [];
}

/** Hits of one search, a row each: rank, title, score as a number and a bar. */
export function hitList(story, hits) {
  const best = Math.max(...hits.map((hit) => hit.score), 0);
  const row = (hit) => {
    const share = best > 0 ? Math.max(0, hit.score / best) : 0;
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span"));
    bar.firstChild.style.width = `${Math.round(100 * share)}%`;
    return el(
      "li",
      {},
      el("span", { class: "rank" }, hit.rank),
      el(
        "button",
        { class: "link title", onclick: () => openPassage(story, hit.passage.id) },
        titleOf(hit.passage),
      ),
      el(
        "span",
        { class: "badges", "data-passage": hit.passage.id },
        badges(story, hit.passage.id),
      ),
      bar,
      el("span", { class: "score", title: hit.source }, score(hit.score)),
    );
  };
  return el("ol", { class: "hits" }, hits.map(row));
}

/** Brings the badges of lists that are drawn already up to date. */
export function refreshBadges(node, story) {
  for (const place of node.querySelectorAll("[data-passage]")) {
    fill(place, badges(story, place.dataset.passage));
  }
}

/** All passages that a run found; `show(story)` draws them anew. */
export function passageCard() {
  const list = el("div", { class: "passages" });
  const told = el("span", { class: "faint small" });
  const head = el("div", { class: "card-head" }, el("h2", {}, "Passages"), told);
  const node = el("section", { class: "card", "aria-label": "Passages", hidden: true }, head, list);
  let drawn = "";

  function show(story) {
    const state = `${story.passages.size} ${story.queries.size} ${story.answer ? 1 : 0}`;
    if (state === drawn) return;
    drawn = state;
    node.hidden = !story.passages.size;
    const cited = [...story.passages.keys()].filter((id) => uses(story, id).numbers.length).length;
    told.textContent = story.answer
      ? `${story.passages.size} found, ${cited} cited`
      : `${story.passages.size} found`;
    const open = new Set([...list.querySelectorAll("details[open]")].map((d) => d.dataset.id));
    fill(
      list,
      ordered(story).map((found) => passage(story, found, open.has(found.passage.id))),
    );
  }
  return { node, show };
}

function passage(story, { passage: found, hits }, wasOpen) {
  const { numbers, quotes } = uses(story, found.id);
  const best = hits.reduce((a, b) => (b.score > a.score ? b : a));
  const summary = el(
    "summary",
    {},
    el("span", { class: "title" }, titleOf(found)),
    el("span", { class: "badges" }, badges(story, found.id)),
    el("span", { class: "score", title: `best score, by ${best.source}` }, score(best.score)),
    numbers.length ? null : el("span", { class: "excerpt" }, cut(found.text, 140)),
  );
  const text = el("p", { class: "text" }, marked(found.text, quotes));
  const open = numbers.length > 0 || wasOpen;
  return el(
    "details",
    { class: numbers.length ? "cited" : "", open, "data-id": found.id },
    summary,
    text,
    place(found),
  );
}

function place(found) {
  const file = (found.document ?? "").split("/").at(-1);
  const parts = [file, found.page ? `page ${found.page}` : ""].filter(Boolean);
  return parts.length
    ? el("p", { class: "faint small path", title: found.document }, parts.join(", "))
    : null;
}

/** Opens the passage in a dialog, its used sentences marked, the first of them in view. */
export async function openPassage(story, id) {
  const dialog = byId("passage");
  const body = dialog.querySelector(".body");
  let found = story.passages.get(id)?.passage;
  if (!found) {
    const run = encodeURIComponent(story.record.id);
    try {
      found = await api(`/v1/runs/${run}/passages/${encodeURIComponent(id)}`);
    } catch (error) {
      found = { title: "This passage can't be shown", text: error.message };
    }
  }
  const { numbers, quotes } = uses(story, id);
  dialog.querySelector("h2").textContent = titleOf(found);
  fill(
    body,
    numbers.length ? el("p", { class: "small" }, cites(numbers)) : null,
    el("p", { class: "text" }, marked(found.text, quotes)),
    place(found),
    foundBy(story.passages.get(id)?.hits ?? []),
  );
  dialog.showModal();
  body.querySelector("mark")?.scrollIntoView({ block: "center" });
}

const cites = (numbers) =>
  `Cited as ${numbers.map((n) => `[${n}]`).join(", ")}; the marked sentences are what was used.`;

function foundBy(hits) {
  if (!hits.length) return null;
  const row = (hit) =>
    el(
      "tr",
      {},
      el("td", {}, hit.query || "–"),
      el("td", { class: "n" }, hit.rank),
      el("td", { class: "n" }, score(hit.score)),
      el("td", {}, hit.source),
    );
  const head = el(
    "tr",
    {},
    ["Query", "Rank", "Score", "By"].map((name, i) => el("th", { class: i % 3 ? "n" : "" }, name)),
  );
  return el(
    "div",
    { class: "scroll" },
    el("table", {}, el("thead", {}, head), el("tbody", {}, hits.map(row))),
  );
}
