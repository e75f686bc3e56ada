/**
 * What waits for somebody's agreement: asked for again and again while the page is looked at, and decided here.
 *
 * @import { Approval, Caller, Turn } from "./types.js"
 *
 * @typedef {object} Desk
 * @property {() => Approval[]} waiting newest first
 * @property {(turn: Turn) => Approval[]} ofTurn those to be shown under an answer
 * @property {(approval: Approval, verb: "approve" | "reject") => Promise<void>} decide
 * @property {(id: string) => string} refusal why the last decision on it was refused; empty where it was not
 * @property {(approval: Approval) => boolean} mayGoOn whether it is ours, approved, and not used yet
 * @property {() => void} goOn
 * @property {(listener: () => void) => void} whenChanged called once, at the next change
 */

import { HubError, decideApproval, listApprovals } from "./api.js";

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
    button.textContent = `${count} ${count === 1 ? "approval" : "approvals"}`;
    button.title = "What waits for somebody's agreement";
    onChange();
    const called = listeners;
    listeners = [];
    for (const listener of called) listener();
  }

  async function refresh() {
    clearTimeout(nextLook);
    if (!caller?.scopes.includes("approvals:read")) return;
    const before = JSON.stringify(known);
    try {
      known = await listApprovals();
    } catch (error) {
      if (!(error instanceof HubError)) throw error; // The page's head tells when the hub is gone.
    }
    if (JSON.stringify(known) !== before) show();
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

  return {
    waiting,
    refresh,
    /** @param {Caller | undefined} now */
    setCaller(now) {
      const other = now?.principal !== caller?.principal || now?.tenant !== caller?.tenant;
      caller = now ?? null;
      if (!other) return;
      known = [];
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
    goOn: () => goOn("go on"),
    /** @param {() => void} listener */
    whenChanged: (listener) => void listeners.push(listener),
  };
}
