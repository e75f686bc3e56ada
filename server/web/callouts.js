/**
 * What the user must not miss: degraded answers and failures.
 *
 * @import { Notice, Turn } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @type {Record<string, string>} */
const TITLES = {
  partial: "Partial answer",
  dropped: "Left out",
  model_failed: "Answered without the model",
};

/** @param {Notice} notice */
function createNotice({ kind, message }) {
  const title = h("strong", {}, TITLES[kind] ?? "Notice");
  return h(
    "div",
    { class: "callout notice", role: "note", "data-kind": kind },
    icon("info"),
    h("p", {}, title, " ", message),
  );
}

/** @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createNotices() {
  const element = h("div", { class: "callouts" });

  /** @param {Turn} turn */
  function update({ notices }) {
    element.append(...notices.slice(element.childElementCount).map(createNotice));
    element.hidden = notices.length === 0;
  }
  return { element, update };
}

/**
 * A failure: what failed, what to do about it, and a button, most often to try again.
 *
 * @param {{ message: string, advice: string }} failure
 * @param {{ label: string, iconName?: string, onclick: () => void }} action
 */
export function createFailure({ message, advice }, action) {
  const text = h("p", {}, h("strong", {}, message), advice === "" ? null : ` ${advice}`);
  const button = h(
    "button",
    { type: "button", onclick: action.onclick },
    icon(action.iconName ?? "retry"),
    action.label,
  );
  return h("div", { class: "callout failure" }, icon("alert"), text, button);
}
