// The list of all questions: filtered, sorted, a page at a time. Texts come from runs and are not
// trusted: they reach the page as text nodes only.
"use strict";
(() => {
  const PAGE = 50;
  const data = JSON.parse(document.getElementById("data").textContent);
  const { questions, runs, causes, metric } = data;
  const count = questions.id.length;
  const several = runs.length > 1;
  const wide = runs.length <= 5;
  const state = { text: "", cause: null, run: 0, show: "all", sort: null, down: true, page: 0 };
  const body = document.querySelector("#rows tbody");
  let found = [];
  let haystack = null;

  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text !== undefined && text !== "") node.textContent = text;
    if (className) node.className = className;
    return node;
  };
  const number = (value, digits) =>
    value === null ? "–" : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const right = (run, at) => run.cause[at] === -1;
  const has = (run, at) => run.cause[at] !== null;
  const judged = (run, at) => has(run, at) && run.cause[at] !== -2;
  const word = (run, at) => ({ "-1": "right", "-2": "not scored" })[run.cause[at]] ?? causes[run.cause[at]];
  const look = (run, at) => (judged(run, at) ? (right(run, at) ? "right" : "wrong") : "faint");

  function texts() {
    if (haystack === null) {
      haystack = questions.id.map((id, at) =>
        [id, questions.text[at], ...questions.gold[at], ...runs.map((run) => run.answer[at] ?? "")].join("\n").toLowerCase());
    }
    return haystack;
  }

  function shown(at) {
    if (state.cause !== null && runs[state.run].cause[at] !== state.cause) return false;
    if (state.show === "all") return true;
    const told = runs.filter((run) => judged(run, at));
    const good = told.filter((run) => right(run, at)).length;
    if (state.show === "wrong") return good === 0 && told.length > 0;
    if (state.show === "right") return good === told.length && good > 0;
    return good > 0 && good < told.length;
  }

  function value(at) {
    if (state.sort === "question") return at;
    if (state.sort === "tokens") return runs.reduce((sum, run) => sum + (run.tokens[at] ?? 0), 0);
    const told = runs.filter((run) => run.score[at] !== null && run.score[at] !== undefined);
    return told.length ? told.reduce((sum, run) => sum + run.score[at], 0) / told.length : -1;
  }

  function filter() {
    const wanted = state.text.trim().toLowerCase();
    const stack = wanted ? texts() : null;
    found = [];
    for (let at = 0; at < count; at++) {
      if (shown(at) && (stack === null || stack[at].includes(wanted))) found.push(at);
    }
    if (state.sort !== null) {
      const values = new Map(found.map((at) => [at, value(at)]));
      found.sort((a, b) => (state.down ? values.get(b) - values.get(a) : values.get(a) - values.get(b)) || a - b);
    }
    state.page = 0;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * PAGE;
    const part = found.slice(first, first + PAGE);
    body.replaceChildren(...part.map(row));
    const range = found.length ? `${number(first + 1, 0)}–${number(first + part.length, 0)} of ${number(found.length, 0)}` : "none";
    document.getElementById("range").textContent = found.length === count ? range : `${range} (${number(count, 0)} in all)`;
    for (const [id, off] of [["first", state.page === 0], ["previous", state.page === 0], ["next", state.page >= pages - 1], ["last", state.page >= pages - 1]]) {
      document.getElementById(id).disabled = off;
    }
  }

  function cell(name, text, className) {
    const td = make("td", text, className);
    td.dataset.name = name;
    return td;
  }

  function row(at) {
    const tr = make("tr");
    const head = make("td");
    const open = make("button", questions.text[at] || questions.id[at], "open");
    open.type = "button";
    open.setAttribute("aria-expanded", "false");
    open.addEventListener("click", () => toggle(tr, open, at));
    head.append(open);
    tr.append(head, cell("gold:", questions.gold[at][0] ?? ""));
    if (!several) {
      const [run] = runs;
      tr.append(
        cell("answer:", run.answer[at] ?? ""),
        cell(`${metric}:`, number(run.score[at], 2), "num"),
        cell("tokens:", number(run.tokens[at], 0), "num"),
        cell("cause:", word(run, at), look(run, at)));
    } else if (wide) {
      for (const run of runs) {
        const sign = { right: "✓ ", wrong: "✗ ", faint: "" }[look(run, at)];
        tr.append(cell(`${run.name}:`, has(run, at) ? sign + number(run.score[at], 2) : "–", `num ${look(run, at)}`));
      }
    } else {
      const told = runs.filter((run) => judged(run, at));
      tr.append(cell("right:", `${told.filter((run) => right(run, at)).length} of ${told.length}`, "num"));
    }
    return tr;
  }

  function pair(list, term, text, className) {
    list.append(make("dt", term), make("dd", text, className));
  }

  function toggle(tr, open, at) {
    const more = tr.nextElementSibling;
    if (more && more.classList.contains("more")) {
      more.remove();
      open.setAttribute("aria-expanded", "false");
      return;
    }
    open.setAttribute("aria-expanded", "true");
    const line = make("tr", "", "more");
    const td = make("td");
    td.colSpan = tr.cells.length;
    const list = make("dl");
    pair(list, "id", questions.id[at] + (questions.seed ? `, seed ${questions.seed[at]}` : ""));
    pair(list, "gold", questions.gold[at].join(" | "));
    const kind = [questions.type[at], questions.hops[at] ? `${questions.hops[at]} hops` : ""].filter(Boolean).join(", ");
    if (kind) pair(list, "type", kind);
    for (const run of runs) {
      if (!has(run, at)) continue;
      const told = `${run.answer[at] || "(no answer)"} · ${word(run, at)} · ${metric} ${number(run.score[at], 2)} · ${number(run.tokens[at], 0)} tokens`;
      pair(list, several ? run.name : "answer", told);
      if (run.open[at]) {
        const link = make("a", "its steps and passages");
        link.href = `#${run.open[at]}`;
        list.lastChild.append(" ", link);
      }
    }
    td.append(list);
    line.append(td);
    tr.after(line);
  }

  function press(group, chosen) {
    for (const button of document.querySelectorAll(group)) {
      button.setAttribute("aria-pressed", String(button === chosen));
    }
  }

  function showCause(cause, run) {
    state.cause = cause;
    state.run = run;
    const select = document.getElementById("run");
    if (select) select.value = String(run);
    press("#causes button", document.querySelector(`#causes button[data-cause="${cause ?? ""}"]`));
    filter();
  }

  let waiting = 0;
  const box = document.getElementById("text");
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.text = box.value; filter(); }, 120);
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    }
  });
  for (const button of document.querySelectorAll("#causes button")) {
    button.addEventListener("click", () => showCause(button.dataset.cause === "" ? null : Number(button.dataset.cause), state.run));
  }
  for (const button of document.querySelectorAll("#shown button")) {
    button.addEventListener("click", () => { state.show = button.dataset.show; press("#shown button", button); filter(); });
  }
  for (const button of document.querySelectorAll("button[data-list]")) {
    button.addEventListener("click", () => {
      showCause(Number(button.dataset.list), Number(button.dataset.run));
      document.getElementById("questions").scrollIntoView();
    });
  }
  for (const button of document.querySelectorAll("#rows thead button")) {
    button.addEventListener("click", () => {
      const same = state.sort === button.dataset.sort;
      state.down = same ? !state.down : button.dataset.sort !== "question";
      state.sort = button.dataset.sort;
      for (const th of document.querySelectorAll("#rows thead th")) th.removeAttribute("aria-sort");
      button.closest("th").setAttribute("aria-sort", state.down ? "descending" : "ascending");
      filter();
    });
  }
  const run = document.getElementById("run");
  if (run) run.addEventListener("change", () => { state.run = Number(run.value); filter(); });
  const turn = { first: () => 0, previous: () => state.page - 1, next: () => state.page + 1, last: () => Infinity };
  for (const [id, page] of Object.entries(turn)) {
    document.getElementById(id).addEventListener("click", () => { state.page = page(); draw(); });
  }
  function reveal() {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = place; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    if (place) place.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  filter();
  if (location.hash) reveal();
})();
