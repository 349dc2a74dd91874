// The key's dialog: shown when the server asks for one, or when you ask for it.

import { byId } from "./dom.js";

let asking = null;

/** A key that was typed in, or null. `wrong`: the one that was tried did not fit. */
export function askKey(wrong) {
  asking ??= new Promise((resolve) => {
    const dialog = byId("key");
    const field = byId("key-field");
    byId("key-wrong").hidden = !wrong;
    field.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener(
      "close",
      () => {
        asking = null;
        resolve(dialog.returnValue === "ok" ? field.value.trim() || null : null);
      },
      { once: true },
    );
  });
  return asking;
}
