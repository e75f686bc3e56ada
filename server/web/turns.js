/**
 * What a conversation's messages hold, and how a run's events change them. No DOM here.
 *
 * @import { Failure, Message, RunEvent, ToolCall, Turn } from "./types.js"
 */

import { knownLanguage, languageOfText } from "./wording.js";

/** The step that says what is left to say. */
const LAST_STEP = "respond";

/** @returns {Turn} */
function emptyTurn(/** @type {string} */ id, /** @type {"user" | "assistant"} */ role) {
  return {
    id,
    role,
    language: "en",
    ended: false,
    text: "",
    draft: "",
    steps: [],
    route: null,
    toolCalls: [],
    citations: [],
    notices: [],
    principal: null,
    approvals: [],
    proposed: [],
    choices: [],
    status: "complete",
    activity: "live",
    failure: null,
    checkpointId: null,
    runId: null,
    started: false,
    lastEventId: null,
  };
}

/** @param {string} id @param {string} text @param {string | null} principal @returns {Turn} */
export const userTurn = (id, text, principal) => ({
  ...emptyTurn(id, "user"),
  language: languageOfText(text),
  text,
  principal,
});

/** @param {string} runId @param {string} [question] that it answers @returns {Turn} an answer that is about to stream */
export const runningTurn = (runId, question = "") => ({
  ...emptyTurn(runId, "assistant"),
  language: languageOfText(question),
  status: "running",
  activity: "connecting",
  runId,
});

/** @param {Message} message @returns {Turn} */
function turnFromMessage(message) {
  const status = message.status ?? "complete";
  const notices = [...(message.notices ?? [])];
  // The last notice of an answer that ended early says why it did.
  const why = status === "complete" ? undefined : notices.pop()?.message;
  return {
    ...emptyTurn(message.id, message.role),
    text: message.content,
    route: message.route ?? null,
    toolCalls: message.tool_calls ?? [],
    citations: message.citations ?? [],
    notices,
    principal: message.principal ?? null,
    approvals: message.approvals ?? [],
    proposed: message.proposed ?? [],
    choices: message.choices ?? [],
    status,
    failure: status === "failed" ? { message: why ?? "This answer failed.", advice: "", code: "failed" } : null,
    checkpointId: message.checkpoint_id ?? null,
    started: true,
  };
}

/** @param {Message[]} messages @returns {Turn[]} each question with who asked it, which its answer knows */
export function turnsFromMessages(messages) {
  const turns = messages.map(turnFromMessage);
  turns.forEach((turn, at) => {
    if (turn.role === "user") {
      turn.principal = turns[at + 1]?.principal ?? null;
      turn.language = languageOfText(turn.text);
    } else turn.language = turn.route ? knownLanguage(turn.route.language) : (turns[at - 1]?.language ?? "en");
  });
  return turns;
}

/** @param {Turn} turn @param {Failure} failure */
export function failTurn(turn, { message, advice, code }) {
  turn.status = "failed";
  turn.failure = { message, advice, code };
  settle(turn);
}

/** @param {Turn} turn @returns {void} nothing runs in a turn that has ended */
function settle(turn) {
  for (const step of turn.steps) step.done = true;
  for (const call of turn.toolCalls) if (call.status === "running") call.status = "failed";
}

/**
 * Take one AG-UI event into the turn; event types that the page does not show are passed over.
 *
 * @param {Turn} turn changed in place
 * @param {RunEvent} event
 */
export function applyEvent(turn, event) {
  TAKERS[event.type]?.(turn, event);
}

/** @param {Turn} turn @param {string} id @returns {ToolCall | undefined} */
const callOf = (turn, id) => turn.toolCalls.find((call) => call.id === id);

/** @type {Record<string, (turn: Turn, event: RunEvent) => void>} */
const TAKERS = {
  RUN_STARTED(turn) {
    turn.started = true;
  },
  STEP_STARTED(turn, { stepName }) {
    turn.steps.push({ name: stepName, done: false });
  },
  STEP_FINISHED(turn, { stepName }) {
    const step = turn.steps.findLast((candidate) => candidate.name === stepName);
    if (step) step.done = true;
    if (stepName === LAST_STEP) turn.ended = true;
  },
  TOOL_CALL_START(turn, { toolCallId, toolCallName }) {
    turn.toolCalls.push({ id: toolCallId, name: toolCallName, arguments: "", result: null, status: "running" });
  },
  TOOL_CALL_ARGS(turn, { toolCallId, delta }) {
    const call = callOf(turn, toolCallId);
    if (call) call.arguments = String(call.arguments) + delta;
  },
  TOOL_CALL_END(turn, { toolCallId }) {
    const call = callOf(turn, toolCallId);
    if (call) call.arguments = parseJson(String(call.arguments || "{}"));
  },
  TOOL_CALL_RESULT(turn, { toolCallId, content }) {
    const call = callOf(turn, toolCallId);
    if (!call) return;
    call.result = parseJson(content);
    call.status = isError(call.result) ? "failed" : "done";
  },
  REASONING_MESSAGE_START(turn) {
    if (turn.draft !== "") turn.draft += "\n\n";
  },
  REASONING_MESSAGE_CONTENT(turn, { delta }) {
    turn.draft += delta;
  },
  TEXT_MESSAGE_START(turn, { messageId }) {
    turn.id = messageId;
    if (turn.text !== "") turn.text += "\n\n";
  },
  TEXT_MESSAGE_CONTENT(turn, { delta }) {
    turn.text += delta;
  },
  CUSTOM(turn, { name, value }) {
    if (name === "route") {
      turn.route = value;
      turn.language = knownLanguage(value.language);
    } else if (name === "citations") turn.citations = value.citations;
    else if (name === "notice") turn.notices.push(value);
    else if (name === "ending") {
      turn.approvals = value.approvals;
      turn.proposed = value.proposed ?? [];
      turn.choices = value.choices ?? [];
    }
  },
  RUN_FINISHED(turn, { outcome }) {
    // A stop that came when all was said leaves nothing out.
    turn.status = outcome?.type === "cancelled" && !turn.ended ? "cancelled" : "complete";
    settle(turn);
  },
  RUN_ERROR(turn, { message, code, advice }) {
    failTurn(turn, { message, advice: advice ?? "", code: code ?? "failed" });
  },
};

/** @param {string} text @returns {unknown} the value, or the text itself where it is not JSON */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {unknown} result @returns {boolean} a tool reports failure as {"error": ...} */
function isError(result) {
  return typeof result === "object" && result !== null && "error" in result && Boolean(result.error);
}
