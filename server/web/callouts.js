/**
 * What the user must not miss: degraded answers and failures.
 *
 * @import { Notice, Turn } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { named } from "./wording.js";

/** @type {Record<"en" | "zh", Record<string, string>>} */
const TITLES = {
  en: {
    partial: "Partial answer",
    dropped: "Left out",
    model_failed: "Answered without the model",
    other: "Notice",
  },
  zh: { partial: "回答不完整", dropped: "已删去", model_failed: "未使用模型", other: "提示" },
};

/** @type {Record<string, { message: string, advice: string }>} of the page's own failures, by their code */
const FAILURES_CHINESE = {
  unreachable: { message: "无法连接到 hub。", advice: "请确认 `chargehand up` 仍在运行，然后重试。" },
  lost: { message: "这个问题没有得到回答。", advice: "hub 在完成之前停止了。" },
  page: { message: "页面无法读取 hub 的回答。", advice: "请重新加载页面。" },
};

/** @param {Notice} notice @param {"en" | "zh"} language */
function createNotice({ kind, message }, language) {
  const title = h("strong", {}, named(kind, TITLES, language) ?? TITLES[language].other);
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
  function update({ notices, language }) {
    element.lang = language;
    element.append(...notices.slice(element.childElementCount).map((each) => createNotice(each, language)));
    element.hidden = notices.length === 0;
  }
  return { element, update };
}

/** @param {import("./types.js").Failure} failure @param {"en" | "zh"} language @returns {{ message: string, advice: string }} */
export const toldIn = (failure, language) => (language === "zh" ? FAILURES_CHINESE[failure.code] : undefined) ?? failure;

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
