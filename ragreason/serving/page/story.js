// What a run's events add up to: nodes at work, steps, trees, passages, the answer as it grows.
// No drawing here.

/** A run of which nothing was heard yet; `graph` is its graph as drawn, null if it is unknown. */
export function newStory(record, graph = null) {
  const arrows = graph?.drawing.arrows.map(({ source, target }) => `${source}\n${target}`);
  return {
    record,
    arrows: arrows ? new Set(arrows) : null,
    inside: new Map(), // nodes at work in graphs inside this one, by name
    forced: false, // a limit led to an answer, past the arrows
    nodes: new Map(), // name -> {state, times}
    taken: new Set(), // arrows that were walked, "from\nto"
    steps: [], // what happened, in order
    trees: new Map(), // by node and question
    passages: new Map(), // id -> {passage, hits}
    text: "", // the answer as it grows
    queries: new Set(),
    answer: record.answer ?? null,
    finished: new Set(["START"]), // nodes that finished last
    lastNodeEvent: "finished",
  };
}

/** Takes in one event. */
export function hear(story, kind, event) {
  const at = { node: event.node ?? "", at_s: event.at_s ?? 0, text: event.text ?? "" };
  if (kind === "node") hearNode(story, at.node, at.text);
  else if (kind === "token") story.text += at.text;
  else if (kind === "search") {
    const hits = event.hits ?? [];
    story.steps.push({ ...at, kind, query: event.query ?? "", hits });
    find(story, event.query ?? "", hits, at.node);
  } else if (kind === "step" || kind === "failed") hearStep(story, kind, event, at);
  else if (kind === "verdict") hearVerdict(story, event, at);
  else if (kind === "mark") mark(story, event);
  else if (kind === "answer") {
    // a graph inside this one answers too, so that this run's answer comes with its record
    story.steps.push({ ...at, kind, text: event.answer.text ?? "" });
  } else {
    story.forced ||= kind === "forced";
    story.steps.push({ ...at, kind });
  }
}

// Nodes that start together come after those that finished together (a superstep of LangGraph). A
// node that no arrow leads to from there is one of a graph inside this one, whatever its name.
function hearNode(story, name, what) {
  if (what === "started") start(story, name);
  else finish(story, name);
}

function start(story, name) {
  const before = [...story.finished].filter((from) => leads(story, from, name));
  if (!before.length && !story.forced) {
    story.inside.set(name, (story.inside.get(name) ?? 0) + 1);
    return;
  }
  const node = story.nodes.get(name) ?? { state: "", times: 0, running: 0 };
  story.nodes.set(name, { state: "running", times: node.times + 1, running: node.running + 1 });
  for (const from of before) story.taken.add(`${from}\n${name}`);
  story.lastNodeEvent = "started";
}

function finish(story, name) {
  const inside = story.inside.get(name) ?? 0;
  if (inside) {
    story.inside.set(name, inside - 1);
    return;
  }
  const node = story.nodes.get(name) ?? { state: "", times: 1, running: 1 };
  const running = Math.max(0, node.running - 1);
  story.nodes.set(name, { ...node, running, state: running ? "running" : "done" });
  if (story.lastNodeEvent === "started") story.finished.clear();
  story.finished.add(name);
  story.lastNodeEvent = "finished";
}

const leads = (story, from, to) => !story.arrows || story.arrows.has(`${from}\n${to}`);

/** Whether a run went along an arrow of its graph's picture. */
export function went(story, { source, target }) {
  const ended = target === "END" && story.record.status === "finished";
  return story.taken.has(`${source}\n${target}`) || (ended && story.finished.has(source));
}

function hearStep(story, kind, event, at) {
  const step = event.step ?? { kind: "failed" };
  const hits = event.hits ?? step.hits ?? [];
  const entry = {
    ...at,
    kind: step.kind,
    text: step.text ?? at.text,
    query: step.query ?? "",
    hits,
  };
  Object.assign(entry, { step, reason: at.text, tree_node: event.tree_node });
  story.steps.push(entry);
  if (step.kind === "search") find(story, entry.query, hits, at.node);
  if (event.tree_node === undefined || event.tree_node === null) return;
  const tree = treeOf(story, event);
  const added = {
    id: event.tree_node,
    parent: event.parent ?? 0,
    entry,
    verdict: null,
    mark: null,
  };
  tree.nodes.set(event.tree_node, { ...added, weight: null, children: [] });
  tree.nodes.get(added.parent)?.children.push(event.tree_node);
  tree.branches ||= (tree.nodes.get(added.parent)?.children.length ?? 0) > 1;
}

function hearVerdict(story, event, at) {
  if (event.tree_node === undefined || event.tree_node === null) {
    story.steps.push({ ...at, kind: "verdict", verdict: event.verdict });
    return;
  }
  const node = treeOf(story, event).nodes.get(event.tree_node);
  if (!node) return;
  node.verdict = event.verdict;
  node.entry.verdict = event.verdict;
}

function mark(story, event) {
  const node = treeOf(story, event).nodes.get(event.tree_node);
  if (!node) return;
  node.mark = event.mark ? { visits: 0, value: null, pruned: false, ...event.mark } : node.mark;
  node.weight = event.weight ?? null;
}

function treeOf(story, event) {
  const key = `${event.node ?? ""}\n${event.question_id ?? ""}`;
  if (!story.trees.has(key)) {
    const root = { id: 0, parent: null, entry: null, children: [], verdict: null, mark: null };
    const nodes = new Map([[0, { ...root, weight: null }]]);
    story.trees.set(key, { node: event.node ?? "", nodes, branches: false, changes: 0 });
  }
  const tree = story.trees.get(key);
  tree.changes += 1; // whoever asks for it has news of it
  return tree;
}

function find(story, query, hits, node) {
  story.queries.add(query);
  for (const hit of hits) {
    const known = story.passages.get(hit.passage.id) ?? { passage: hit.passage, hits: [] };
    known.hits.push({ ...hit, node });
    story.passages.set(hit.passage.id, known);
  }
}

/** The numbers by which a passage is cited, and the sentences that were used. */
export function uses(story, id) {
  const cited = (story.answer?.citations ?? []).filter((c) => c.passage_id === id);
  return { numbers: cited.map((c) => c.number), quotes: cited.map((c) => c.quote ?? "") };
}

/** Whether the last prompt showed the passage; null where that is not known. */
export function wasRead(story, id) {
  const shown = story.answer?.in_prompt;
  return shown ? shown.includes(id) : null;
}

/** The passages, those that are cited first, then those that were read, then by their best rank. */
export function ordered(story) {
  const place = (found) => {
    const { numbers } = uses(story, found.passage.id);
    if (numbers.length) return Math.min(...numbers);
    const best = Math.min(...found.hits.map((hit) => hit.rank ?? 99));
    return (wasRead(story, found.passage.id) ? 1000 : 2000) + best;
  };
  return [...story.passages.values()].sort((a, b) => place(a) - place(b));
}
