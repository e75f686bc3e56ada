/**
 * Approvals to be decided: under the answer that waits for them, and all of them in the panel.
 *
 * @import { Approval, Turn } from "./types.js"
 * @import { Desk } from "./approvals.js"
 * @import { Panel } from "./panel.js"
 * @import { Language } from "./wording.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { watchOverflow } from "./scrollcue.js";
import { fullTime } from "./times.js";
import { agreedSoFar, approvedBy, askedBy, wording } from "./wording.js";

const DIGEST = /^(sha256:)?[0-9a-f]{24,}$/;
const DIGEST_SHOWN = 12;

/** @param {unknown} value @returns {string} as people read it; a digest by its beginning */
function shown(value) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value !== "string") return JSON.stringify(value);
  return DIGEST.test(value) ? `${value.replace("sha256:", "").slice(0, DIGEST_SHOWN)}…` : value;
}

/** @type {Record<string, string>} */
const FIELDS_CHINESE = {
  alias: "别名",
  approvers: "须同意人数",
  digest: "摘要",
  model: "模型",
  principal: "人员",
  reason: "理由",
  rollout: "发布",
  scopes: "权限",
  stage: "阶段",
  target: "目标",
  tenant: "租户",
  version: "版本",
  versions: "版本",
};

/** @param {string} name of a tool or a field @param {Language} language @returns {string} */
const inWords = (name, language) => (language === "zh" ? FIELDS_CHINESE[name] : undefined) ?? name.replaceAll("_", " ");

/** @param {Record<string, unknown>} values @param {Language} language @returns {HTMLElement} a line for each that says anything */
function createFields(values, language) {
  const lines = Object.entries(values).filter(([, value]) => value !== null && value !== "");
  return h(
    "dl",
    { class: "approval-fields" },
    ...lines.map(([name, value]) =>
      h("div", {}, h("dt", {}, inWords(name, language)), h("dd", { title: typeof value === "string" ? value : null }, shown(value))),
    ),
  );
}

/** @param {unknown} plan what the tool says of itself @param {Language} language @returns {HTMLElement | null} what it changes, old and new */
function createPlan(plan, language) {
  if (typeof plan !== "object" || plan === null || Object.keys(plan).length === 0) return null;
  const { from, to, ...others } = /** @type {Record<string, unknown>} */ (plan);
  const differs = from !== undefined || to !== undefined;
  const diff = h(
    "p",
    { class: "approval-diff" },
    h("del", {}, shown(from)),
    h("span", { "aria-hidden": "true" }, "→"),
    h("ins", {}, shown(to)),
  );
  return h(
    "div",
    { class: "approval-plan" },
    h("p", { class: "approval-note" }, wording(language).changes),
    differs ? diff : null,
    createFields(others, language),
  );
}

/** @param {Approval} approval @param {Desk} desk @param {Language} language @param {boolean} told whether the answer above says what is asked for */
function createCard(approval, desk, language, told) {
  const refusal = desk.refusal(approval.id);
  const waits = approval.state === "requested";
  const words = wording(language);
  const head = waits ? words.approvalWaits : approvedBy(language, approval.decided_by ?? "");
  const asked = h(
    "div",
    { class: "approval-asked" },
    h("p", { title: approval.tool }, h("strong", {}, inWords(approval.tool, language))),
    createFields(approval.arguments, language),
  );
  return h(
    "section",
    {
      class: `approval ${approval.state}`,
      "data-approval": approval.id,
      "aria-label": `Approval ${approval.id}`,
      lang: language,
    },
    h("p", { class: "approval-head" }, icon(waits ? "person" : "check"), h("strong", {}, head), h("code", {}, approval.id)),
    told ? null : asked,
    createPlan(approval.plan, language),
    h("p", { class: "approval-note" }, askedBy(language, approval.requester, fullTime(approval.expires_at, language === "zh" ? "zh-CN" : undefined))),
    waits && (approval.needed ?? 1) > 1
      ? h("p", { class: "approval-note" }, agreedSoFar(language, approval.agreed ?? [], approval.needed ?? 1))
      : null,
    refusal === "" ? null : h("p", { class: "approval-refusal", role: "alert" }, refusal),
    ...createButtons(approval, desk, language),
  );
}

/** @param {Approval} approval @param {Desk} desk @param {Language} language @returns {HTMLElement[]} */
function createButtons(approval, desk, language) {
  const words = wording(language);
  if (approval.state !== "requested") {
    if (!desk.mayGoOn(approval)) return [];
    const goOn = h("button", { type: "button", class: "primary", onclick: desk.goOn }, words.goOn);
    return [h("div", { class: "approval-actions" }, goOn)];
  }
  const hindrance = desk.hindrance(approval);
  /** @param {"approve" | "reject"} verb */
  const decide = (verb) => (/** @type {Event} */ event) => {
    const section = /** @type {HTMLElement} */ (event.currentTarget).closest("section");
    const buttons = section?.querySelectorAll("button") ?? [];
    for (const button of buttons) button.disabled = true;
    void desk.decide(approval, verb).finally(() => {
      for (const button of buttons) button.disabled = false;
    });
  };
  const disabled = hindrance !== null;
  const mayReject = hindrance === null || hindrance === "agreed";
  const actions = h(
    "div",
    { class: "approval-actions" },
    h("button", { type: "button", class: "primary", disabled, onclick: decide("approve") }, words.approve),
    h("button", { type: "button", disabled: !mayReject, onclick: decide("reject") }, words.reject),
  );
  const why = { own: words.whoElse, agreed: words.agreedAlready, right: words.noRight }[hindrance ?? "right"];
  return disabled ? [h("p", { class: "approval-hindrance" }, why), actions] : [actions];
}

/** @param {Desk} desk @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createTurnApprovals(desk) {
  const element = h("div", { class: "approvals", hidden: true });
  let shownNow = "[]";

  /** @param {Turn} turn */
  function update(turn) {
    const found = turn.status === "running" ? [] : desk.ofTurn(turn);
    const wanted = JSON.stringify(
      found.map((each) => [each, desk.refusal(each.id), desk.mayGoOn(each), desk.hindrance(each), turn.language]),
    );
    if (wanted === shownNow) return;
    shownNow = wanted;
    element.replaceChildren(
      ...found.map((each) => createCard(each, desk, turn.language, turn.text.includes(each.id))),
    );
    element.hidden = found.length === 0;
  }
  return { element, update };
}

/** @param {Panel} panel @param {Desk} desk @param {HTMLElement} from what opened it */
export function showApprovals(panel, desk, from) {
  const list = h("div", { class: "approvals approval-list scrolls", tabindex: 0 });
  const chinese = desk.language() === "zh";

  function draw() {
    if (list.dataset.drawn === "true" && !list.isConnected) return; // The panel shows something else by now.
    const waiting = desk.waiting();
    const none = h("p", { class: "panel-wait" }, chinese ? "没有等待审批的事项。" : "Nothing waits for an approval.");
    const cards = waiting.map((each) => createCard(each, desk, desk.language(), false));
    list.replaceChildren(...(cards.length > 0 ? cards : [none]));
    list.dataset.drawn = "true";
    desk.whenChanged(draw);
  }
  draw();
  const note = chinese ? "请求人不能自己批准：需要另一个人" : "Whoever asked cannot approve: it takes four eyes";
  panel.show({ heading: chinese ? "审批" : "Approvals", note, children: [list], from });
  watchOverflow(list);
}
