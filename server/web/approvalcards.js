/**
 * Approvals to be decided: under the answer that waits for them, and all of them in the panel.
 *
 * @import { Approval, Turn } from "./types.js"
 * @import { Desk } from "./approvals.js"
 * @import { Panel } from "./panel.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { fullTime } from "./times.js";

/** @param {Approval} approval @returns {string} what is to be done, in one line */
const brief = ({ arguments: given }) =>
  Object.entries(given)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");

/** @param {Approval} approval @param {Desk} desk */
function createCard(approval, desk) {
  const refusal = desk.refusal(approval.id);
  const waits = approval.state === "requested";
  const words = waits ? "Waiting for an approval" : `Approved by ${approval.decided_by}`;
  return h(
    "section",
    { class: `approval ${approval.state}`, "data-approval": approval.id, "aria-label": `Approval ${approval.id}` },
    h("p", { class: "approval-head" }, icon(waits ? "person" : "check"), h("strong", {}, words), h("code", {}, approval.id)),
    h("p", {}, h("code", {}, approval.tool), ` ${brief(approval)}`),
    h("p", { class: "approval-note" }, `Asked for by ${approval.requester}; until ${fullTime(approval.expires_at)}`),
    refusal === "" ? null : h("p", { class: "approval-refusal", role: "alert" }, refusal),
    h("div", { class: "approval-actions" }, ...createButtons(approval, desk)),
  );
}

/** @param {Approval} approval @param {Desk} desk */
function createButtons(approval, desk) {
  if (approval.state !== "requested")
    return desk.mayGoOn(approval) ? [h("button", { type: "button", class: "primary", onclick: desk.goOn }, "Go on")] : [];
  /** @param {"approve" | "reject"} verb */
  const decide = (verb) => (/** @type {Event} */ event) => {
    const section = /** @type {HTMLElement} */ (event.currentTarget).closest("section");
    const buttons = section?.querySelectorAll("button") ?? [];
    for (const button of buttons) button.disabled = true;
    void desk.decide(approval, verb).finally(() => {
      for (const button of buttons) button.disabled = false;
    });
  };
  return [
    h("button", { type: "button", class: "primary", onclick: decide("approve") }, "Approve"),
    h("button", { type: "button", onclick: decide("reject") }, "Reject"),
  ];
}

/** @param {Desk} desk @returns {{ element: HTMLElement, update: (turn: Turn) => void }} */
export function createTurnApprovals(desk) {
  const element = h("div", { class: "approvals", hidden: true });
  let shown = "[]";

  /** @param {Turn} turn */
  function update(turn) {
    const found = turn.status === "running" ? [] : desk.ofTurn(turn);
    const wanted = JSON.stringify(found.map((each) => [each, desk.refusal(each.id), desk.mayGoOn(each)]));
    if (wanted === shown) return;
    shown = wanted;
    element.replaceChildren(...found.map((each) => createCard(each, desk)));
    element.hidden = found.length === 0;
  }
  return { element, update };
}

/** @param {Panel} panel @param {Desk} desk @param {HTMLElement} from what opened it */
export function showApprovals(panel, desk, from) {
  const list = h("div", { class: "approvals approval-list" });

  function draw() {
    if (list.dataset.drawn === "true" && !list.isConnected) return; // The panel shows something else by now.
    const waiting = desk.waiting();
    const none = h("p", { class: "panel-wait" }, "Nothing waits for an approval.");
    list.replaceChildren(...(waiting.length > 0 ? waiting.map((each) => createCard(each, desk)) : [none]));
    list.dataset.drawn = "true";
    desk.whenChanged(draw);
  }
  draw();
  panel.show({ heading: "Approvals", note: "Whoever asked cannot approve: it takes four eyes", children: [list], from });
}
