/**
 * How a question was routed, as a badge that opens; and the steps of the run, while it runs.
 *
 * @import { Route, Step, Turn } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { named, wordsFor } from "./wording.js";

/** @typedef {Record<"en" | "zh", Record<string, string>>} Named */

/** @type {Named} */
const LANGUAGES = { en: { en: "English", zh: "Chinese" }, zh: { en: "英文", zh: "中文" } };

/** @type {Record<string, string>} */
const DOING_ENGLISH = {
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

/** @type {Named} */
const DOING = {
  en: DOING_ENGLISH,
  zh: {
    look: "查看",
    interpret: "理解问题",
    rewrite: "阅读问题",
    knowledge: "查找",
    retrieve: "搜索文档",
    ground: "选择依据",
    draft: "起草并核对",
    quote: "引用文档",
    evaluation: "评测团队",
    deployment: "部署团队",
    governance: "治理团队",
    deliberate: "思考",
    report: "汇报",
    help: "帮助",
    ask: "反问",
    resume: "继续",
    decline: "谢绝",
    respond: "写回答",
  },
};

/** @type {Named} what decided, by the route's path */
const DECIDED = {
  en: {
    operation: "an operation",
    documents: "the documents",
    both: "an operation, and the documents",
    question: "nothing alone, so it was asked back",
    thread: "the turn before",
    help: "a question for help",
    nothing: "neither the documents nor an operation",
  },
  zh: {
    operation: "一项操作",
    documents: "文档",
    both: "一项操作和文档",
    question: "单凭消息不能决定，所以反问",
    thread: "上一轮对话",
    help: "询问用法",
    nothing: "文档和操作中都没有",
  },
};

/** @type {Record<string, string>} */
const INTENTS_CHINESE = {
  knowledge: "文档",
  evaluation: "评测",
  deployment: "部署",
  governance: "治理",
  help: "帮助",
  out_of_scope: "范围之外",
};

/** @param {string} intent such as "out_of_scope" @param {"en" | "zh"} language */
const intentName = (intent, language) =>
  (language === "zh" ? INTENTS_CHINESE[intent] : undefined) ?? intent.replaceAll("_", " ");

/** @param {number | null | undefined} share 0 to 1 @returns {number | null} null where it says nothing */
const percentOf = (share) => (typeof share === "number" && Math.round(share * 100) > 0 ? Math.round(share * 100) : null);

/** @param {Turn} turn @param {Route} route @param {Step[]} steps @returns {HTMLElement} */
function createBadge(turn, route, steps) {
  const { language } = turn;
  const words = wordsFor(turn);
  const decided = named(route.path, DECIDED, language) ?? route.path;
  const percent = percentOf(route.confidence);
  const rows = /** @type {[string, string][]} */ ([
    [words.decidedBy, decided],
    [words.reason, route.reason],
    [words.operations, (route.operations ?? []).join(", ")],
    [words.language, named(route.language, LANGUAGES, language) ?? route.language],
    [words.steps, steps.map((step) => step.name).join(" › ")],
  ]).filter(([, value]) => value !== "");
  const summary = h(
    "summary",
    { title: rows.map(([name, value]) => `${name}: ${value}`).join("\n") },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "visually-hidden" }, words.routedTo),
    h("span", { class: "intent" }, intentName(route.intent, language)),
    ...(percent === null ? [] : [h("span", { class: "confidence" }, `${percent}%`)]),
    h("span", { class: "path" }, percent === null || language === "zh" ? decided : route.path),
    icon("chevron"),
  );
  const facts = rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return h(
    "details",
    { class: "route", lang: language, "data-intent": route.intent, "data-path": route.path },
    summary,
    h("dl", {}, ...facts),
  );
}

/** @param {Turn} turn @returns {string} what the run is doing, in words */
export function doing(turn) {
  const words = wordsFor(turn);
  if (turn.activity === "connecting") return words.sending;
  if (turn.activity === "reconnecting") return words.reconnecting;
  if (turn.activity === "stopping") return words.stopping;
  const step = turn.steps.findLast((candidate) => !candidate.done) ?? turn.steps.at(-1);
  return step ? (named(step.name, DOING, turn.language) ?? step.name) : words.starting;
}

/** @param {Turn} turn @param {Step} step */
function createStep(turn, { name, done }) {
  const words = wordsFor(turn);
  const mark = done ? icon("check") : h("span", { class: "spinner", "aria-hidden": "true" });
  const state = h("span", { class: "visually-hidden" }, done ? words.stepDone : words.stepNow);
  return h("li", { class: done ? "done" : "now" }, mark, named(name, DOING, turn.language) ?? name, state);
}

/** @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createRouteLine() {
  const badgePlace = h("div", { class: "route-place" });
  const progress = h("ol", { class: "steps" });
  const waiting = h("p", { class: "waiting" });
  const element = h("div", { class: "route-line" }, badgePlace, progress, waiting);
  /** What the badge and the steps show, so that an open badge is left alone while nothing of it changes. */
  let badgeShown = "";
  let stepsShown = "";

  /** @param {Turn} turn */
  function update(turn) {
    const running = turn.status === "running";
    const steps = running ? [] : turn.steps;
    progress.setAttribute("aria-label", wordsFor(turn).progress);
    const badge = JSON.stringify([turn.route, steps]);
    if (badge !== badgeShown) {
      badgePlace.replaceChildren(...(turn.route ? [createBadge(turn, turn.route, steps)] : []));
      badgeShown = badge;
    }
    const line = running ? JSON.stringify([turn.language, turn.steps]) : "";
    if (line !== stepsShown) progress.replaceChildren(...(running ? turn.steps.map((step) => createStep(turn, step)) : []));
    stepsShown = line;
    progress.hidden = !running || turn.steps.length === 0;
    waiting.hidden = !running || (turn.activity === "live" && turn.steps.length > 0);
    waiting.textContent = `${doing(turn)}…`;
    waiting.classList.toggle("lost", turn.activity === "reconnecting");
    element.hidden = !running && turn.route === null;
  }
  return { element, update };
}
