// A graph's file, checked and drawn while it is written. It stays in the page until downloaded.

import { el, fill, icon } from "./dom.js";
import { api } from "./api.js";
import { graphPicture } from "./graph.js";
import { newStory } from "./story.js";
import { graphChoice } from "./question.js";
import { noticeBox } from "./notices.js";
import { plural } from "./words.js";

const KEPT = "ragreason.draft";
const WAIT_MS = 300;

/** The name that the text gives its graph. */
const named = (text) => /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1] ?? "graph";

/** `show()` begins with what was written last, or with the first graph's file. */
export function editorView(graphs) {
  const notices = noticeBox();
  const numbers = el("div", { class: "numbers", "aria-hidden": "true" });
  const messages = el("ul", { class: "messages", "aria-live": "polite" });
  const drawing = el("div", { class: "drawing" });
  const state = el("span", { class: "state", role: "status" });
  const area = el("textarea", {
    id: "yaml",
    "aria-label": "Graph file",
    spellcheck: false,
    autocapitalize: "off",
    wrap: "off",
    oninput: typed,
    onscroll: () => (numbers.scrollTop = area.scrollTop),
  });
  const choice = graphChoice("from", graphs, graphs[0]?.name);
  const start = el(
    "button",
    { type: "button", onclick: () => load(choice.value) },
    "Begin from it",
  );
  const save = el("button", { type: "button", class: "primary", onclick: download }, "Download");
  const node = el(
    "div",
    { class: "view" },
    notices.node,
    el(
      "div",
      { class: "editor" },
      el(
        "section",
        { class: "card", "aria-label": "File" },
        el(
          "div",
          { class: "card-head" },
          el("h1", {}, "Graph file"),
          el("span", { class: "grow" }),
          el("label", { for: "from", class: "hidden" }, "Graph to begin from"),
          choice,
          start,
          save,
        ),
        el("div", { class: "code" }, numbers, area),
        el(
          "p",
          { class: "faint small" },
          "Nothing is saved on the server. Serve a file of yours with: ragreason serve FILE",
        ),
      ),
      el(
        "div",
        { class: "column" },
        el(
          "section",
          { class: "card", "aria-label": "Messages" },
          el("div", { class: "card-head" }, el("h2", {}, "Messages"), state),
          messages,
        ),
        el(
          "section",
          { class: "card", "aria-label": "Picture" },
          el("div", { class: "card-head" }, el("h2", {}, "Picture")),
          drawing,
        ),
      ),
    ),
  );
  let timer = 0;
  let asked = 0;

  function typed() {
    sessionStorage.setItem(KEPT, area.value);
    number([]);
    fill(state, icon("dots"), "Checking …");
    state.dataset.status = "running";
    clearTimeout(timer);
    timer = setTimeout(check, WAIT_MS);
  }

  function number(wrong) {
    const lines = area.value.split("\n").length;
    const marked = new Set(wrong);
    fill(
      numbers,
      Array.from({ length: lines }, (_, i) =>
        el("div", { class: marked.has(i + 1) ? "wrong" : "" }, i + 1),
      ),
    );
    numbers.scrollTop = area.scrollTop;
  }

  async function check() {
    const turn = (asked += 1);
    notices.clear();
    let found;
    try {
      found = await api("/v1/graphs/validate", { method: "POST", body: { text: area.value } });
    } catch (error) {
      notices.tell(error, check);
      return;
    }
    if (turn !== asked) return; // an answer to an older text
    number(found.messages.map((message) => message.line));
    const fine = !found.messages.length;
    fill(
      state,
      icon(fine ? "check" : "cross"),
      fine ? "It is valid" : plural(found.messages.length, "message"),
    );
    state.dataset.status = fine ? "finished" : "failed";
    fill(messages, found.messages.map(message));
    drawing.classList.toggle("stale", !found.drawing);
    if (found.drawing) draw(found);
  }

  function draw(found) {
    const picture = graphPicture({ name: found.name, drawing: found.drawing });
    picture.show(newStory({ status: "idle", waits: {} }));
    fill(drawing, picture.node);
  }

  function message({ line, message: text }) {
    const words = [line ? el("strong", {}, `Line ${line}`) : null, " ", text];
    return el(
      "li",
      {},
      icon("cross"),
      line
        ? el("button", { type: "button", class: "link", onclick: () => goTo(line) }, words)
        : words,
    );
  }

  function goTo(line) {
    const lines = area.value.split("\n");
    const at = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    area.focus();
    area.setSelectionRange(at, at + lines[line - 1].length);
    area.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(area).lineHeight));
  }

  async function load(graph) {
    try {
      area.value = (await api(`/v1/graphs/${encodeURIComponent(graph)}/text`)).text;
      area.scrollTop = 0;
      typed();
    } catch (error) {
      notices.tell(error, () => load(graph));
    }
  }

  function download() {
    const url = URL.createObjectURL(new Blob([area.value], { type: "application/yaml" }));
    el("a", { href: url, download: `${named(area.value)}.yaml` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 0);
  }

  function show(graph) {
    if (graph) {
      choice.value = graph;
      load(graph);
    } else if (!area.value) {
      const kept = sessionStorage.getItem(KEPT);
      if (!kept) load(choice.value);
      else {
        area.value = kept;
        typed();
      }
    }
  }
  return { node, show, focus: () => area.focus(), title: "Editor" };
}
