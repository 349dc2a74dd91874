// Light or dark: as the system says, or as you chose.

import { el, fill, icon } from "./dom.js";

const KEPT = "ragreason.theme";
const NEXT = { "": "light", light: "dark", dark: "" };
const WORD = { "": "Auto", light: "Light", dark: "Dark" };

/** Applies what was chosen before, and lets `button` choose. */
export function theme(button) {
  let chosen = localStorage.getItem(KEPT) ?? "";
  const apply = () => {
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    fill(button, icon("theme"), el("span", {}, WORD[chosen] ?? WORD[""]));
    button.setAttribute("aria-label", `Colours: ${WORD[chosen] ?? WORD[""]}`);
  };
  button.addEventListener("click", () => {
    chosen = NEXT[chosen] ?? "";
    localStorage.setItem(KEPT, chosen);
    apply();
  });
  apply();
}
