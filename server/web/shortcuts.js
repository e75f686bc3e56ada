/** Keys that work anywhere on the page; none that browsers keep for themselves. */

import { byId } from "./dom.js";

/** @param {EventTarget | null} target */
const isTyping = (target) => target instanceof HTMLElement && target.matches("input, textarea, select");

/** @param {{ focusComposer: () => void, newThread: () => void }} actions */
export function startShortcuts({ focusComposer, newThread }) {
  const list = /** @type {HTMLDialogElement} */ (byId("shortcuts"));
  byId("show-shortcuts").addEventListener("click", () => list.showModal());

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const control = event.ctrlKey || event.metaKey;
    // By code, as Alt changes what N types; not with AltGr, which Windows reports as Ctrl and Alt.
    if (control && event.altKey && event.code === "KeyN" && !event.getModifierState("AltGraph")) {
      event.preventDefault();
      newThread();
    } else if (control && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      focusComposer();
    } else if (!control && !event.altKey && !isTyping(event.target)) {
      if (event.key === "/") {
        event.preventDefault();
        focusComposer();
      } else if (event.key === "?") list.showModal();
    }
  });
}
