// One step of a search tree in words.

import { el } from "./dom.js";
import { hitList } from "./passages.js";
import { score } from "./words.js";

/** What the strategy makes of a node, or else what the verifier does. */
export const valueOf = (node) => node.mark?.value ?? node.verdict?.score ?? null;

/** What the step is about, in a line. */
export function contentOf(node) {
  const { kind, query, step, text, reason } = node.entry;
  if (kind === "search") return query;
  if (kind === "answer") return step.answer || "left to the answer node";
  if (kind === "failed") return reason || "gave no step";
  if (kind === "call") return `${step.tool} ${step.arguments ?? ""}`;
  return text;
}

/** Everything that is known of a node. */
export function details(story, node) {
  const { entry, verdict, mark, weight } = node;
  const facts = [
    ["Query", entry.query],
    ["Answer", entry.step?.answer],
    ["Tool", entry.step?.tool && `${entry.step.tool}(${entry.step.arguments ?? ""})`],
    ["Result", entry.step?.result],
    ["Text", entry.text.trim()],
    ["Failed", entry.kind === "failed" ? entry.reason : ""],
    ["Verdict", verdict && verdictText(verdict)],
    ["Visits", mark?.visits],
    ["Value", mark?.value === null || mark?.value === undefined ? "" : score(mark.value)],
    ["Weight", weight === null ? "" : score(weight)],
    ["Pruned", mark?.pruned ? "yes: the search gave this branch up" : ""],
  ];
  const rows = facts
    .filter(([, value]) => value)
    .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
  return [
    el("dl", { class: "facts" }, rows),
    entry.hits?.length ? hitList(story, entry.hits) : null,
  ];
}

/** A verifier's opinion in one line. */
export function verdictText(verdict) {
  const parts = [score(verdict.score), verdict.label, verdict.reason];
  if (verdict.unsupported?.length) parts.push(`unsupported: ${verdict.unsupported.join("; ")}`);
  if (verdict.missing?.length) parts.push(`missing: ${verdict.missing.join("; ")}`);
  return parts.filter(Boolean).join(" · ");
}
