/**
 * The model's own words while they are being checked against the evidence: muted, and folded away at the end.
 *
 * @import { Turn } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { wordsFor } from "./wording.js";

/** @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createDraft() {
  const label = h("span", { class: "draft-label" });
  const words = h("p", { class: "draft-words" });
  const element = h("details", { class: "draft" }, h("summary", {}, icon("pen"), label, icon("chevron")), words);
  /** @type {boolean | null} */
  let wasRunning = null;

  /** @param {Turn} turn */
  function update(turn) {
    const running = turn.status === "running";
    element.hidden = turn.draft === "";
    if (words.textContent !== turn.draft) words.textContent = turn.draft;
    label.textContent = running ? wordsFor(turn).draftNow : wordsFor(turn).draft;
    if (running === wasRunning) return;
    element.open = running;
    wasRunning = running;
  }
  return { element, update };
}
