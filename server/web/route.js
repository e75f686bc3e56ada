/**
 * How a question was routed, as a badge that opens; and the steps of the run, while it runs.
 *
 * @import { Route, Step, Turn } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @type {Record<string, string>} */
const LANGUAGES = { en: "English", zh: "Chinese" };

/** @type {Record<string, string>} */
const DOING = {
  look: "Looking",
  interpret: "Understanding",
  rewrite: "Reading the question",
  knowledge: "Looking it up",
  retrieve: "Searching the documents",
  ground: "Choosing the evidence",
  draft: "Drafting and checking",
  quote: "Quoting the documents",
  evaluation: "Evaluation team",
  deployment: "Deployment team",
  governance: "Governance team",
  deliberate: "Thinking about it",
  report: "Reporting",
  help: "Help",
  ask: "Asking back",
  resume: "Going on",
  decline: "Declining",
  respond: "Writing the answer",
};

/** @type {Record<string, string>} what decided, by the route's path */
const DECIDED = {
  operation: "an operation",
  documents: "the documents",
  both: "an operation, and the documents",
  question: "nothing alone, so it was asked back",
  thread: "the turn before",
  help: "a question for help",
  nothing: "neither the documents nor an operation",
};

/** @param {string} intent such as "out_of_scope" */
const words = (intent) => intent.replaceAll("_", " ");

/** @param {number} share 0 to 1 */
const percent = (share) => `${Math.round(share * 100)}%`;

/** @param {Route} route @param {Step[]} steps @returns {HTMLElement} */
function createBadge(route, steps) {
  const rows = /** @type {[string, string][]} */ ([
    ["Decided by", DECIDED[route.path] ?? route.path],
    ["Reason", route.reason],
    ["Operations", (route.operations ?? []).join(", ")],
    ["Language", LANGUAGES[route.language] ?? route.language],
    ["Steps", steps.map((step) => step.name).join(" › ")],
  ]).filter(([, value]) => value !== "");
  const measured = typeof route.confidence === "number";
  const summary = h(
    "summary",
    { title: rows.map(([name, value]) => `${name}: ${value}`).join("\n") },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "visually-hidden" }, "Routed to "),
    h("span", { class: "intent" }, words(route.intent)),
    ...(measured ? [h("span", { class: "confidence" }, percent(route.confidence ?? 0))] : []),
    h("span", { class: "path" }, route.path),
    icon("chevron"),
  );
  const facts = rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return h(
    "details",
    { class: "route", "data-intent": route.intent, "data-path": route.path },
    summary,
    h("dl", {}, ...facts),
  );
}

/** @param {Turn} turn @returns {string} what the run is doing, in words */
export function doing(turn) {
  if (turn.activity === "connecting") return "Sending";
  if (turn.activity === "reconnecting") return "Connection lost, reconnecting";
  if (turn.activity === "stopping") return "Stopping";
  const step = turn.steps.findLast((candidate) => !candidate.done) ?? turn.steps.at(-1);
  return step ? (DOING[step.name] ?? step.name) : "Starting";
}

/** @param {Step} step */
function createStep({ name, done }) {
  const mark = done ? icon("check") : h("span", { class: "spinner", "aria-hidden": "true" });
  const state = h("span", { class: "visually-hidden" }, done ? " done" : " in progress");
  return h("li", { class: done ? "done" : "now" }, mark, DOING[name] ?? name, state);
}

/** @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createRouteLine() {
  const badgePlace = h("div", { class: "route-place" });
  const progress = h("ol", { class: "steps", "aria-label": "Progress" });
  const waiting = h("p", { class: "waiting" });
  const element = h("div", { class: "route-line" }, badgePlace, progress, waiting);
  /** What the badge and the steps show, so that an open badge is left alone while nothing of it changes. */
  let badgeShown = "";
  let stepsShown = "";

  /** @param {Turn} turn */
  function update(turn) {
    const running = turn.status === "running";
    const steps = running ? [] : turn.steps;
    const badge = JSON.stringify([turn.route, steps]);
    if (badge !== badgeShown) {
      badgePlace.replaceChildren(...(turn.route ? [createBadge(turn.route, steps)] : []));
      badgeShown = badge;
    }
    const line = running ? JSON.stringify(turn.steps) : "";
    if (line !== stepsShown) progress.replaceChildren(...(running ? turn.steps.map(createStep) : []));
    stepsShown = line;
    progress.hidden = !running || turn.steps.length === 0;
    waiting.hidden = !running || (turn.activity === "live" && turn.steps.length > 0);
    waiting.textContent = `${doing(turn)}…`;
    waiting.classList.toggle("lost", turn.activity === "reconnecting");
    element.hidden = !running && turn.route === null;
  }
  return { element, update };
}
