// What went wrong outside of a run: said once, with what can be done about it.

import { el, icon, fill } from "./dom.js";

/** A place for one notice; `tell(error, again)` shows it, with a button to try again. */
export function noticeBox() {
  const node = el("div", { class: "notice-box", role: "alert" });
  let timer = 0;

  function clear() {
    clearInterval(timer);
    fill(node);
  }

  function tell(error, again = null) {
    clear();
    if (error.name === "AbortError") return;
    const [sign, title, more] = words(error);
    const button =
      again && el("button", { type: "button", onclick: () => (clear(), again()) }, "Try again");
    const close = el("button", { type: "button", class: "quiet", onclick: clear }, "Close");
    const text = el("span", {}, el("strong", {}, title), " ", more);
    fill(
      node,
      el("div", { class: "notice" }, icon(sign), text, el("span", { class: "row" }, button, close)),
    );
    if (button && error.retryAfter) countDown(button, error.retryAfter);
  }

  function countDown(button, left) {
    const show = () => {
      button.disabled = left > 0;
      button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
      if (left <= 0) clearInterval(timer);
      left -= 1;
    };
    show();
    timer = setInterval(show, 1000);
  }
  return { node, tell, clear };
}

function words(error) {
  if (error.status === 429) return ["pause", "The server is busy.", error.message];
  if (error.status === 401)
    return ["forced", "A key is needed.", "Press Key, above, and give one."];
  if (error.status === 0)
    return ["forced", error.message, "What was asked goes on there if it is."];
  if (error.status === undefined) return ["cross", "The page made a mistake.", error.message];
  return ["cross", "That did not work.", error.message];
}
