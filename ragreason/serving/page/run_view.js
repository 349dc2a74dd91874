// One run, followed while it works: answer, tree, passages and steps beside its graph and cost.

import { el, fill } from "./dom.js";
import { api, follow } from "./api.js";
import { newStory, hear } from "./story.js";
import { graphCard, noGraphCard } from "./graph.js";
import { answerCard } from "./answer.js";
import { costCard } from "./cost.js";
import { passageCard } from "./passages.js";
import { stepsCard } from "./steps.js";
import { treeCard } from "./tree.js";
import { pauseCard } from "./pause.js";
import { noticeBox } from "./notices.js";

/** `open(record, graph)` shows a run; `onChange(story)` is told when it begins, pauses or ends. */
export function runView(onChange = () => {}) {
  const node = el("div", { class: "run" });
  const notices = noticeBox();
  let leave = new AbortController();

  function close() {
    leave.abort();
    leave = new AbortController();
    notices.clear();
    fill(node);
  }

  function open(record, graph) {
    close();
    const { signal } = leave;
    const story = newStory(record, graph);
    const seen = { last: -1 };
    const goOn = (changed) => {
      story.record = changed;
      listen();
    };
    const cards = cardsOf(story, graph, goOn, (error) => notices.tell(error));
    fill(node, notices.node, cards.node);
    const draw = drawer(cards.show, signal);

    async function listen() {
      onChange(story);
      draw();
      const onEvent = (kind, event) => {
        hear(story, kind, event);
        draw();
      };
      const onLost = (lost) => (lost ? notices.tell(lostNotice()) : notices.clear());
      try {
        story.record = await follow(record.id, { onEvent, onLost, signal, seen });
        story.answer = story.record.answer ?? story.answer;
      } catch (error) {
        notices.tell(error, listen);
      }
      if (!signal.aborted) onChange(story);
      draw();
    }
    listen();
    const ticking = setInterval(() => story.record.status === "running" && draw(), 200);
    signal.addEventListener("abort", () => clearInterval(ticking));
    return story;
  }
  return { node, open, close };
}

const lostNotice = () =>
  Object.assign(new Error("The connection was lost; trying again."), { status: 0 });

/** Draws at most once a frame, and not after the view was left. */
function drawer(show, signal) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      if (!signal.aborted) show();
    });
  };
}

function cardsOf(story, graph, goOn, onError) {
  const parts = {
    answer: answerCard(),
    pause: pauseCard(goOn, onError),
    passages: passageCard(),
    steps: stepsCard(),
    graph: graph ? graphCard(graph) : noGraphCard(story.record.graph),
    cost: costCard(),
  };
  const trees = new Map();
  const forest = el("div", { class: "forest" });
  const main = [parts.pause, parts.answer].map((part) => part.node);
  const column = el(
    "div",
    { class: "column" },
    main,
    forest,
    parts.passages.node,
    parts.steps.node,
  );
  const aside = el("aside", { class: "column aside" }, parts.graph.node, parts.cost.node);
  const node = el("div", { class: "run-grid" }, column, aside);
  keepInView(aside);

  function show() {
    for (const part of Object.values(parts)) part.show(story);
    for (const [key, tree] of story.trees) {
      if (!tree.branches) continue;
      if (!trees.has(key)) {
        trees.set(key, treeCard());
        forest.append(trees.get(key).node);
      }
      trees.get(key).show(story, tree);
    }
  }
  return { node, show };
}

/** Keeps the aside in view while the rest scrolls, its end where it is taller than the window. */
function keepInView(aside) {
  const place = () => {
    aside.style.top = `${Math.min(16, innerHeight - aside.offsetHeight - 16)}px`;
  };
  new ResizeObserver(place).observe(aside);
}

/** Begins a run. Throws ApiError. */
export const begin = (body) => api("/v1/runs", { method: "POST", body });

/** Ends a run; gives its record. */
export const cancel = (id) => api(`/v1/runs/${encodeURIComponent(id)}`, { method: "DELETE" });
