/**
 * One message on the page: a question, or an answer that may still be growing.
 *
 * @import { Turn } from "./types.js"
 * @import { OpenCitation } from "./sources.js"
 *
 * @typedef {object} MessageActions
 * @property {OpenCitation} openCitation
 * @property {(turn: Turn) => void} fork
 * @property {(turn: Turn) => void} retry
 * @property {import("./approvals.js").Desk} approvals
 * @property {import("./replies.js").Replies} replies
 *
 * @typedef {{ element: HTMLElement, update: () => void }} MessageView `update` shows what the turn now holds
 */

import { createTurnApprovals } from "./approvalcards.js";
import { createFailure, createNotices, toldIn } from "./callouts.js";
import { copyText } from "./clipboard.js";
import { h } from "./dom.js";
import { createDraft } from "./draft.js";
import { icon } from "./icons.js";
import { showMarkdown } from "./markdown.js";
import { createReplies } from "./replies.js";
import { createRouteLine } from "./route.js";
import { createMark, createSourceList, sourceLines } from "./sources.js";
import { createToolCalls } from "./toolcalls.js";
import { languageOfText, wording, wordsFor } from "./wording.js";

/** @param {Turn} turn @param {MessageActions} actions @returns {MessageView} */
export function createMessage(turn, actions) {
  return turn.role === "user" ? createQuestion(turn) : createAnswer(turn, actions);
}

/** @param {Turn} turn @returns {MessageView} */
function createQuestion({ text, principal, status }) {
  const language = languageOfText(text);
  const words = h("p", { class: "question-text", lang: language }, text);
  const who = principal === null || principal === "local" ? null : h("p", { class: "question-who" }, principal);
  const unanswered =
    status === "interrupted" ? h("p", { class: "stopped" }, wording(language).unanswered) : null;
  const element = h("article", { class: "message question", "aria-label": "You" }, who, words, unanswered);
  return { element, update: () => undefined };
}

/** @param {Turn} turn @param {MessageActions} actions @returns {MessageView} */
function createAnswer(turn, actions) {
  const parts = [createRouteLine(), createNotices(), createToolCalls(), createDraft()];
  const prose = createProse(turn, actions);
  const ending = h("div", { class: "ending" });
  const below = [createReplies(actions.replies), createTurnApprovals(actions.approvals)];
  const elements = [...parts.map((part) => part.element), prose.element, ...below.map((part) => part.element), ending];
  const element = h("article", { class: "message answer", "aria-label": "Chargehand" }, ...elements);
  let endingShown = "";

  function update() {
    for (const part of parts) part.update(turn);
    prose.update();
    for (const part of below) part.update(turn);
    const running = turn.status === "running";
    element.setAttribute("aria-busy", String(running));
    element.dataset.status = turn.status;
    const wanted = running ? "" : JSON.stringify([turn.language, turn.status, turn.failure, turn.checkpointId, turn.text]);
    if (wanted !== endingShown) ending.replaceChildren(...(running ? [] : createEnding(turn, actions)));
    endingShown = wanted;
  }
  update();
  return { element, update };
}

/** @param {Turn} turn @param {MessageActions} actions the answer's text and its sources */
function createProse(turn, { openCitation }) {
  const text = h("div", { class: "prose" });
  const sources = h("div", {});
  const element = h("div", { class: "answer-text" }, text, sources);
  /** @type {unknown[]} */
  let marksShown = [];

  /** @param {number} number */
  function citation(number) {
    const known = turn.citations.find((each) => each.number === number);
    return known || turn.status === "running" ? createMark(number, known, openCitation, turn.language) : null;
  }

  function update() {
    const marks = [turn.citations, turn.status === "running", turn.language];
    const redraw = marks.some((each, index) => each !== marksShown[index]);
    marksShown = marks;
    showMarkdown(text, turn.text, { citation, redraw, copyBlocks: wordsFor(turn) });
    text.lang = languageOfText(turn.text);
    element.hidden = turn.text === "";
    if (redraw)
      sources.replaceChildren(
        ...(turn.citations.length > 0 ? [createSourceList(turn.citations, openCitation, turn.language)] : []),
      );
  }
  return { element, update };
}

/** @param {Turn} turn @param {MessageActions} actions @returns {HTMLElement[]} what stands under a finished answer */
function createEnding(turn, actions) {
  const words = wordsFor(turn);
  const ending = [];
  if (turn.status === "cancelled")
    ending.push(h("p", { class: "stopped" }, icon("stop"), words.stopped));
  if (turn.status === "interrupted") ending.push(h("p", { class: "stopped" }, icon("stop"), words.interrupted));
  if (turn.failure)
    ending.push(createFailure(toldIn(turn.failure, turn.language), {
        label: words.tryAgain,
        onclick: () => actions.retry(turn),
      }));
  const buttons = [];
  if (turn.text !== "") buttons.push(createCopyButton(turn));
  if (turn.checkpointId !== null) {
    const fork = h(
      "button",
      { type: "button", class: "quiet", title: words.forkTitle, "aria-label": words.forkTitle },
      icon("fork"),
      words.fork,
    );
    fork.addEventListener("click", () => actions.fork(turn));
    buttons.push(fork);
  }
  if (buttons.length > 0) ending.push(h("div", { class: "actions", lang: turn.language }, ...buttons));
  return ending;
}

/** @param {Turn} turn */
function createCopyButton(turn) {
  const words = wordsFor(turn);
  const word = h("span", { "aria-live": "polite" }, words.copy);
  const button = h(
    "button",
    { type: "button", class: "quiet", title: words.copyAnswer },
    icon("copy"),
    word,
  );
  button.addEventListener("click", async () => {
    const copied = await copyText([turn.text, sourceLines(turn.citations)].filter((each) => each !== "").join("\n\n"));
    word.textContent = copied ? words.copied : words.copyRefused;
    setTimeout(() => (word.textContent = words.copy), 2000);
  });
  return button;
}
