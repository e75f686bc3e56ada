/**
 * What answers the assistant by a button: "Yes" and "No" under the orders that it proposes, and the names among which its
 * question lets one choose. Each sends what it says as a message; none can be pressed once another message was sent.
 *
 * @import { Proposal, Turn } from "./types.js"
 *
 * @typedef {object} Replies
 * @property {(turn: Turn) => boolean} mayReply whether nothing was said since this answer
 * @property {(text: string) => void} reply
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { wordsFor } from "./wording.js";

/** @param {string} text @returns {string} what is read of it: no marks of Markdown, and blanks of one kind */
const plain = (text) => text.replace(/[`*\\]/g, "").replace(/\s+/g, " ");

/** @param {Turn} turn @returns {boolean} whether the answer's own words name every order, so that it needs no list of them */
const toldInText = (turn) => turn.proposed.every(({ order }) => plain(turn.text).includes(plain(order)));

/** @param {string} text @param {string} kind @param {boolean} enabled @param {Replies} replies */
const createButton = (text, kind, enabled, { reply }) =>
  h("button", { type: "button", class: kind, disabled: !enabled, onclick: () => reply(text) }, text);

/** @param {Turn} turn @param {boolean} enabled @param {Replies} replies */
function createProposal(turn, enabled, replies) {
  const words = wordsFor(turn);
  const buttons = h(
    "div",
    { class: "approval-actions" },
    createButton(words.yes, "primary", enabled, replies),
    createButton(words.no, "", enabled, replies),
  );
  if (toldInText(turn))
    return h("section", { class: "proposal told", "aria-label": words.propose, lang: turn.language }, buttons);
  /** @param {Proposal} call */
  const order = (call) => h("li", { title: call.tool }, call.order);
  return h(
    "section",
    { class: "proposal", "aria-label": words.propose, lang: turn.language },
    h("p", { class: "approval-head" }, icon("info"), h("strong", {}, words.propose)),
    h("ol", { class: turn.proposed.length > 1 ? "" : "single" }, ...turn.proposed.map(order)),
    buttons,
  );
}

/** @param {Turn} turn @param {boolean} enabled @param {Replies} replies */
function createChoices(turn, enabled, replies) {
  const label = wordsFor(turn).choose;
  const chips = turn.choices.map((choice) => createButton(choice, "chip", enabled, replies));
  return h("div", { class: "chips", lang: turn.language, role: "group", "aria-label": label }, ...chips);
}

/** @param {Replies} replies @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createReplies(replies) {
  const element = h("div", { class: "replies", hidden: true });
  let shown = "";

  /** @param {Turn} turn */
  function update(turn) {
    const enabled = replies.mayReply(turn);
    const ended = turn.status === "complete";
    const wanted = JSON.stringify([ended, enabled, turn.proposed, turn.choices]);
    if (wanted === shown) return;
    shown = wanted;
    const parts = [];
    if (ended && turn.proposed.length > 0) parts.push(createProposal(turn, enabled, replies));
    else if (ended && turn.choices.length > 0) parts.push(createChoices(turn, enabled, replies));
    element.replaceChildren(...parts);
    element.hidden = parts.length === 0;
  }
  return { element, update };
}
