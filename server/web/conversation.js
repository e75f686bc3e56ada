/**
 * The open thread: loading it, asking in it, following its run, stopping, retrying and forking.
 *
 * The hub runs on when the page goes away, so leaving a thread only ends the following; coming back takes it up again.
 *
 * @import { Failure, Message, RunEvent, Thread, Turn } from "./types.js"
 */

import * as api from "./api.js";
import { newId } from "./dom.js";
import { followRun } from "./runs.js";
import { applyEvent, failTurn, runningTurn, turnsFromMessages, userTurn } from "./turns.js";

/** @type {Failure} */
const UNANSWERED = {
  message: "This question got no answer.",
  advice: "The hub stopped before it was done.",
  code: "lost",
};

/**
 * @typedef {object} ConversationEvents
 * @property {(turns: Turn[]) => void} onShow the messages to show are others now
 * @property {(...turns: Turn[]) => void} onAppend
 * @property {(turn: Turn) => void} onUpdate
 * @property {() => string | null} getPrincipal who asks now
 * @property {() => void} onChange a run began or ended, or the thread is another
 * @property {(threadId: string) => void} onNewThread the first question was asked in a thread of this name
 * @property {(failure: { message: string, advice: string }) => void} onWarning
 * @property {(text: string) => void} onGiveBack a question that could not be asked now
 */

/** @param {ConversationEvents} events */
export function createConversation(events) {
  /** @type {string | null} */
  let threadId = null;
  /** @type {Turn[]} */
  let turns = [];
  /** Ends whatever belongs to the open thread. */
  let leaving = new AbortController();

  const running = () => turns.findLast((turn) => turn.status === "running") ?? null;

  /** @param {Message[]} messages @param {string | null} runId */
  function show(messages, runId) {
    turns = turnsFromMessages(messages);
    if (runId === null && turns.at(-1)?.role === "user") {
      const lost = runningTurn(newId(), turns.at(-1)?.text);
      failTurn(lost, UNANSWERED);
      lost.started = true;
      turns.push(lost);
    }
    events.onShow(turns);
  }

  /** @param {string | null} id null for a thread yet to begin */
  async function open(id) {
    leaving.abort();
    const { signal } = (leaving = new AbortController());
    threadId = id;
    turns = [];
    events.onChange();
    if (id === null) return events.onShow(turns);
    try {
      const thread = await api.getThread(id);
      if (signal.aborted) return;
      show(thread.messages, thread.run_id);
      if (thread.run_id === null) return;
      const answer = runningTurn(thread.run_id, turns.at(-1)?.text);
      answer.started = true;
      add(answer);
      await follow(answer, null);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof api.HubError)) throw error;
      const failed = runningTurn(newId());
      failTurn(failed, { message: error.message, advice: error.advice, code: "not_loaded" });
      events.onShow((turns = [failed]));
    }
  }

  /** @param {...Turn} added */
  function add(...added) {
    turns.push(...added);
    events.onAppend(...added);
    events.onChange();
  }

  /** @param {string} text */
  async function ask(text) {
    if (running()) return;
    if (threadId === null) {
      threadId = newId();
      events.onNewThread(threadId);
    }
    const question = userTurn(newId(), text, events.getPrincipal());
    const answer = runningTurn(newId(), text);
    const request = { threadId, runId: /** @type {string} */ (answer.runId), messageId: question.id, text };
    add(question, answer);
    await follow(answer, (signal) => api.startRun(request, signal));
  }

  /** @param {Turn} turn @param {((signal: AbortSignal) => Promise<Response>) | null} start */
  async function follow(turn, start) {
    const { signal } = leaving;
    const runId = /** @type {string} */ (turn.runId);
    try {
      await followRun({
        start,
        resume: (lastEventId) => api.getRunEvents(runId, lastEventId, signal),
        onEvent: (event, id) => take(turn, event, id),
        onConnection: (state) => setActivity(turn, state),
        signal,
        lastEventId: turn.lastEventId,
      });
      await settle(turn);
    } catch (error) {
      if (!signal.aborted) handleFailure(turn, error);
    } finally {
      if (!signal.aborted) events.onChange();
    }
  }

  /** @param {Turn} turn @param {RunEvent} event @param {number | null} id */
  function take(turn, event, id) {
    const begins = !turn.started;
    applyEvent(turn, event);
    turn.lastEventId = id ?? turn.lastEventId;
    events.onUpdate(turn);
    if (begins && turn.activity === "stopping") void stop(); // The first cancel came before the hub knew the run.
    if (begins || turn.status !== "running") events.onChange();
  }

  /** @param {Turn} turn @param {Turn["activity"]} activity */
  function setActivity(turn, activity) {
    if (turn.activity === "stopping" && activity === "live") return;
    turn.activity = activity;
    events.onUpdate(turn);
  }

  /** @param {Turn} turn a finished answer: take up what only the stored thread knows, as where it can be forked */
  async function settle(turn) {
    const { signal } = leaving;
    const { messages } = await api.getThread(/** @type {string} */ (threadId));
    const at = turns.indexOf(turn);
    if (signal.aborted || at === -1) return; // The thread was opened anew meanwhile.
    const same =
      messages.length > at && turns.slice(0, at + 1).every((each, index) => each.role === messages[index].role);
    if (same) {
      turn.checkpointId = messages[at].checkpoint_id ?? null;
      events.onUpdate(turn);
    } else if (at === turns.length - 1 && turn.status !== "failed") show(messages, null);
  }

  /** @param {Turn} turn @param {unknown} error */
  function handleFailure(turn, error) {
    if (!(error instanceof api.HubError)) {
      failTurn(turn, {
        message: "The page could not read the hub's answer.",
        advice: "Reload the page.",
        code: "page",
      });
      events.onUpdate(turn);
      throw error;
    }
    // The run itself ended well; only the look at the stored thread failed.
    if (turn.status !== "running") return;
    if (error.status === 409 && !turn.started) {
      const question = turns.at(-2)?.text ?? "";
      events.onWarning(error);
      events.onGiveBack(question);
      void open(threadId);
    } else if (error.status === 404 && turn.started) void open(threadId);
    else {
      failTurn(turn, error);
      events.onUpdate(turn);
    }
  }

  /** @param {Turn} turn a failed answer */
  async function retry(turn) {
    if (running()) return;
    if (turn.failure?.code === "not_loaded") return open(threadId);
    if (turn.failure?.code === "unreachable" && turn.started) {
      turn.status = "running";
      turn.failure = null;
      setActivity(turn, "reconnecting");
      events.onChange();
      return follow(turn, null);
    }
    const at = turns.indexOf(turn);
    const question = turns.slice(0, at).findLast((each) => each.role === "user");
    if (!question) return;
    if (!turn.started) events.onShow((turns = turns.filter((each) => each !== turn && each !== question)));
    return ask(question.text);
  }

  async function stop() {
    const turn = running();
    if (!turn?.runId) return;
    setActivity(turn, "stopping");
    events.onChange();
    try {
      await api.cancelRun(turn.runId);
    } catch (error) {
      if (!(error instanceof api.HubError)) throw error;
      if (error.status === 404) return; // It has just ended by itself.
      turn.activity = "live";
      events.onUpdate(turn);
      events.onChange();
      events.onWarning(error);
    }
  }

  /** @param {Turn} turn @returns {Promise<Thread | null>} the new thread; null when the hub refused */
  async function fork(turn) {
    try {
      return await api.forkThread(/** @type {string} */ (threadId), /** @type {string} */ (turn.checkpointId));
    } catch (error) {
      if (!(error instanceof api.HubError)) throw error;
      events.onWarning(error);
      return null;
    }
  }

  return {
    open,
    ask,
    retry,
    stop,
    fork,
    running,
    get threadId() {
      return threadId;
    },
    get turns() {
      return turns;
    },
  };
}
