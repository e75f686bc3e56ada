/**
 * Tool calls as cards that open: name, arguments, result and state.
 *
 * @import { ToolCall, Turn } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { watchOverflow } from "./scrollcue.js";
import { wording } from "./wording.js";

/** @param {unknown} value @returns {string} indented JSON; a text as it is */
function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** @param {unknown} value @returns {string} the arguments in one line */
function brief(value) {
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${typeof each === "string" ? each : JSON.stringify(each)}`)
    .join(", ");
}

/** @param {string} label @param {unknown} value */
function createPart(label, value) {
  const text = h("pre", { class: "scrolls", tabindex: 0, "aria-label": label }, pretty(value));
  watchOverflow(text);
  return h("div", {}, h("p", { class: "tool-part" }, label), text);
}

/** @param {ToolCall} call @returns {boolean} whether somebody else has to agree before it is done */
const waits = ({ result }) => typeof result === "object" && result !== null && "waits_for" in result;

/** @param {ToolCall} call @param {"en" | "zh"} language */
function createCard(call, language) {
  const words = wording(language);
  const waiting = call.status === "done" && waits(call);
  const mark = {
    running: () => h("span", { class: "spinner" }),
    done: () => icon("check"),
    failed: () => icon("alert"),
  };
  const summary = h(
    "summary",
    {},
    h(
      "span",
      { class: "tool-state" },
      waiting ? icon("person") : mark[call.status](),
      h("span", { class: "visually-hidden" }, words.tool),
    ),
    h("code", { class: "tool-name" }, call.name),
    h("span", { class: "tool-brief" }, brief(call.arguments)),
    h("span", { class: "tool-word" }, waiting ? words.waits : words[call.status]),
    icon("chevron"),
  );
  const parts = [createPart(words.arguments, call.arguments)];
  if (call.status !== "running") parts.push(createPart(call.status === "failed" ? words.error : words.result, call.result));
  return h("details", { class: `tool ${waiting ? "waits" : call.status}`, lang: language, "data-tool": call.name }, summary, ...parts);
}

/** @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createToolCalls() {
  const element = h("div", { class: "tools" });
  /** @type {Map<string, { card: HTMLDetailsElement, shown: string }>} */
  const cards = new Map();

  /** @param {Turn} turn */
  function update({ toolCalls, language }) {
    for (const call of toolCalls) {
      const shown = JSON.stringify([language, call]);
      const before = cards.get(call.id);
      if (before?.shown === shown) continue;
      const card = createCard(call, language);
      card.open = before?.card.open ?? false;
      const focused = before?.card.contains(document.activeElement) ?? false;
      if (before) before.card.replaceWith(card);
      else element.append(card);
      if (focused) card.querySelector("summary")?.focus();
      cards.set(call.id, { card, shown });
    }
    element.hidden = toolCalls.length === 0;
  }
  return { element, update };
}
