// Where the page begins: views by address, keys, dialogs.

import { el, fill, byId } from "./dom.js";
import { api, keysComeFrom, forgetKey, hasKey } from "./api.js";
import { askKey } from "./key.js";
import { theme } from "./theme.js";
import { askView } from "./ask.js";
import { compareView } from "./compare.js";
import { runsView } from "./runs.js";
import { editorView } from "./editor.js";
import { noticeBox } from "./notices.js";

const main = byId("main");
let views = {};
let current = null;
let handed = "";

function go(hash, question = "") {
  handed = question;
  if (location.hash === hash) route();
  else location.hash = hash;
}

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const found =
    { "": "ask", compare: "compare", editor: "editor" }[name] ??
    (name === "runs" && !rest[0] ? "runs" : "ask");
  const view = views[found];
  if (current !== view) {
    current = view;
    fill(main, view.node);
    scrollTo(0, 0);
  }
  document.title = `${view.title} – ragreason`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === found) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  view.show(...rest, ...(handed ? [undefined, undefined, handed].slice(rest.length) : []));
  handed = "";
}

function onKey(event) {
  const typing = event.target.closest?.("input, textarea, select, dialog");
  if (event.key === "Escape" && typing && !typing.closest("dialog")) event.target.blur();
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  current?.focus();
}

function closeOutside(event) {
  if (event.target instanceof HTMLDialogElement && event.target.id === "passage")
    event.target.close();
}

async function start() {
  const notices = noticeBox();
  fill(main, notices.node, el("p", { class: "faint empty" }, "Asking the server for its graphs …"));
  let graphs;
  try {
    ({ graphs } = await api("/v1/graphs"));
  } catch (error) {
    fill(main, notices.node);
    notices.tell(error, start);
    return;
  }
  views = {
    ask: askView(graphs, go),
    compare: compareView(graphs, go),
    runs: runsView(go),
    editor: editorView(graphs),
  };
  current = null;
  route();
}

keysComeFrom((wrong) => {
  byId("give-key").hidden = false;
  return askKey(wrong);
});
byId("give-key").hidden = !hasKey();
theme(byId("theme"));
byId("give-key").addEventListener("click", () => {
  forgetKey();
  askKey(false).then((key) => {
    if (key) sessionStorage.setItem("ragreason.key", key);
    start();
  });
});
addEventListener("hashchange", () => Object.keys(views).length && route());
addEventListener("keydown", onKey);
addEventListener("click", closeOutside);
start();
