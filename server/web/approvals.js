/**
 * What waits for somebody's agreement: asked for again and again while the page is looked at, and decided here.
 *
 * @import { Approval, Caller, Delegation, Turn } from "./types.js"
 *
 * @typedef {object} Desk
 * @property {() => Approval[]} waiting newest first
 * @property {(turn: Turn) => Approval[]} ofTurn those to be shown under an answer
 * @property {(approval: Approval, verb: "approve" | "reject") => Promise<void>} decide
 * @property {(id: string) => string} refusal why the last decision on it was refused; empty where it was not
 * @property {(approval: Approval) => "own" | "agreed" | "right" | null} hindrance why we cannot agree: it is ours, we have already, or the right lacks
 * @property {() => "en" | "zh"} language of the last answer
 * @property {(approval: Approval) => boolean} mayGoOn whether it is ours, approved, and not used yet
 * @property {() => void} goOn
 * @property {(listener: () => void) => void} whenChanged called once, at the next change
 */

import { HubError, decideApproval, listApprovals } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const LOOK_AGAIN_MS = 4000;

/**
 * @param {HTMLButtonElement} button tells how many wait
 * @param {object} actions
 * @param {() => Turn[]} actions.getTurns
 * @param {() => void} actions.onChange
 * @param {(words: string) => void} actions.goOn
 */
export function createDesk(button, { getTurns, onChange, goOn }) {
  /** @type {Approval[]} */
  let known = [];
  /** @type {Delegation[]} */
  let delegations = [];
  /** @type {Caller | null} */
  let caller = null;
  /** @type {Map<string, string>} */
  const refusals = new Map();
  /** @type {(() => void)[]} */
  let listeners = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let nextLook;

  const waiting = () => known.filter((each) => each.state === "requested");

  function show() {
    const count = waiting().length;
    button.hidden = count === 0;
    button.replaceChildren(
      icon("person"),
      String(count),
      h("span", { class: "word" }, count === 1 ? "approval" : "approvals"),
    );
    button.title = "What waits for somebody's agreement";
    onChange();
    const called = listeners;
    listeners = [];
    for (const listener of called) listener();
  }

  async function refresh() {
    clearTimeout(nextLook);
    if (!caller?.scopes.includes("approvals:read")) return;
    const before = JSON.stringify([known, delegations]);
    try {
      const found = await listApprovals();
      known = found.approvals;
      delegations = found.delegations ?? [];
    } catch (error) {
      if (!(error instanceof HubError)) throw error; // The page's head tells when the hub is gone.
    }
    if (JSON.stringify([known, delegations]) !== before) show();
    clearTimeout(nextLook);
    if (!document.hidden) nextLook = setTimeout(refresh, LOOK_AGAIN_MS);
  }

  /** @param {Turn} turn @param {Approval} approval @returns {boolean} whether the answer is about it */
  function concerns(turn, approval) {
    if (turn.approvals.includes(approval.id)) return true;
    const told = JSON.stringify(turn.toolCalls.map((call) => call.result));
    const subject = approval.arguments.rollout;
    return told.includes(`"${approval.id}"`) || (typeof subject === "string" && told.includes(`"${subject}"`));
  }

  /** @param {Approval} approval @returns {boolean} whether somebody who did not ask for it let us decide in their place */
  const isDelegated = ({ tool, requester }) =>
    delegations.some(
      (each) =>
        each.receiver === caller?.principal &&
        each.giver !== requester &&
        !each.revoked &&
        (each.tools.length === 0 || each.tools.includes(tool)),
    );

  return {
    waiting,
    refresh,
    language: () => getTurns().at(-1)?.language ?? "en",
    /** @param {Approval} approval */
    hindrance(approval) {
      if (approval.four_eyes && approval.requester === caller?.principal) return "own";
      if (approval.agreed?.some((who) => who.split(" for ").includes(caller?.principal ?? ""))) return "agreed";
      return caller?.scopes.includes("approvals:decide") || isDelegated(approval) ? null : "right";
    },
    /** @param {Caller | undefined} now */
    setCaller(now) {
      const other = now?.principal !== caller?.principal || now?.tenant !== caller?.tenant;
      caller = now ?? null;
      if (!other) return;
      known = [];
      delegations = [];
      refusals.clear();
      show();
      void refresh();
    },
    /** @param {Turn} turn */
    ofTurn: (turn) =>
      known.filter(
        (each) =>
          (each.state === "requested" || (each.state === "approved" && turn.approvals.includes(each.id))) &&
          getTurns().findLast((candidate) => concerns(candidate, each)) === turn,
      ),
    /** @param {Approval} approval @param {"approve" | "reject"} verb */
    async decide(approval, verb) {
      refusals.delete(approval.id);
      try {
        await decideApproval(approval.id, verb);
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        refusals.set(approval.id, `${error.message} ${error.advice}`.trim());
        show();
      }
      await refresh();
    },
    /** @param {string} id */
    refusal: (id) => refusals.get(id) ?? "",
    /** @param {Approval} approval */
    mayGoOn: (approval) => approval.state === "approved" && approval.requester === caller?.principal,
    goOn: () => goOn(getTurns().at(-1)?.language === "zh" ? "继续" : "go on"),
    /** @param {() => void} listener */
    whenChanged: (listener) => void listeners.push(listener),
  };
}
