/**
 * The hub's HTTP API: one function per endpoint, every failure a HubError.
 *
 * Addresses are relative to the page, so the hub may be served under a path of its own.
 *
 * @import { Approval, Delegation, DocumentSummary, HubDocument, Status, Thread, ThreadWithMessages } from "./types.js"
 */

import { authorization, bearer } from "./key.js";

const TIME_LIMIT_MS = 20_000;

/** What went wrong and what to do about it, in the user's words. */
export class HubError extends Error {
  /**
   * @param {string} message
   * @param {{ advice?: string, code?: string, status?: number }} [details] `status` is 0 when no answer came
   */
  constructor(message, { advice = "", code = "unknown", status = 0 } = {}) {
    super(message);
    this.advice = advice;
    this.code = code;
    this.status = status;
  }
}

/** @returns {HubError} */
export function unreachable() {
  return new HubError("The hub cannot be reached.", {
    advice: "Check that `chargehand up` is still running, then try again.",
    code: "unreachable",
  });
}

/**
 * @param {Response} response with a status of 400 or more
 * @returns {Promise<HubError>}
 */
async function readError(response) {
  const { status } = response;
  try {
    const { error } = await response.json();
    return new HubError(error.message, { advice: error.advice ?? "", code: error.code, status });
  } catch {
    // Not the hub's own answer: a proxy's page, or nothing.
    const advice = "Look into the hub's log, then try again.";
    return new HubError(`The hub answered with status ${status}.`, { advice, status });
  }
}

/**
 * @param {string} path below v1/
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} with a status below 400
 * @throws {HubError} and whatever an aborted `init.signal` throws
 */
async function request(path, init = {}) {
  let response;
  try {
    const headers = { ...authorization(), .../** @type {Record<string, string>} */ (init.headers) };
    response = await fetch(`v1/${path}`, { cache: "no-store", ...init, headers });
  } catch (error) {
    if (init.signal?.aborted && init.signal.reason?.name !== "TimeoutError") throw error;
    throw unreachable();
  }
  if (!response.ok) throw await readError(response);
  return response;
}

/**
 * @template T
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<T>}
 */
async function requestJson(path, init = {}) {
  const response = await request(path, { signal: AbortSignal.timeout(TIME_LIMIT_MS), ...init });
  return response.json();
}

/** @param {unknown} body @returns {RequestInit} */
function post(body) {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

const part = encodeURIComponent;

/** @returns {Promise<Status>} */
export const getStatus = () => requestJson("status");

/** @param {string} key @returns {Promise<Status>} as whoever has this key sees it */
export const getStatusWith = (key) => requestJson("status", { headers: bearer(key) });

/**
 * @template T
 * @param {string} name
 * @param {Record<string, unknown>} given
 * @returns {Promise<T>}
 */
const callTool = (name, given) => requestJson(`tools/${part(name)}`, post(given));

/** @typedef {{ approvals: Approval[], delegations: Delegation[], more?: boolean }} ApprovalPage */

/** @returns {Promise<ApprovalPage>} the newest, whatever became of them, and all that wait; newest first */
export async function listApprovals() {
  const newest = /** @type {ApprovalPage} */ (await callTool("approvals_list", {}));
  if (!newest.more) return newest;
  const waiting = /** @type {ApprovalPage} */ (await callTool("approvals_list", { state: "requested", limit: 200 }));
  const known = new Set(newest.approvals.map((each) => each.id));
  return { ...newest, approvals: [...newest.approvals, ...waiting.approvals.filter((each) => !known.has(each.id))] };
}

/** @param {string} id @param {"approve" | "reject"} verb @returns {Promise<Approval>} */
export const decideApproval = (id, verb) => callTool(`approval_${verb}`, { approval: id });

/** @returns {Promise<Thread[]>} the newest thousand, newest first */
export async function listThreads() {
  /** @type {Thread[]} */
  const threads = [];
  /** @type {string | undefined} */
  let next;
  do {
    const query = next === undefined ? "" : `?after=${encodeURIComponent(next)}`;
    const page = /** @type {{ threads: Thread[], next?: string }} */ (await requestJson(`threads${query}`));
    threads.push(...page.threads);
    next = page.next;
  } while (next !== undefined && threads.length < 1000);
  return threads;
}

/** @param {string} id @returns {Promise<ThreadWithMessages>} */
export const getThread = (id) => requestJson(`threads/${part(id)}`);

/** @param {string} id @returns {Promise<unknown>} */
export const deleteThread = (id) =>
  request(`threads/${part(id)}`, { method: "DELETE", signal: AbortSignal.timeout(TIME_LIMIT_MS) });

/** @param {string} id @param {string} checkpointId @returns {Promise<Thread>} the new thread */
export const forkThread = (id, checkpointId) =>
  requestJson(`threads/${part(id)}/fork`, post({ checkpoint_id: checkpointId }));

/** @returns {Promise<DocumentSummary[]>} */
export async function listDocuments() {
  const { documents } = /** @type {{ documents: DocumentSummary[] }} */ (await requestJson("documents"));
  return documents;
}

/** @returns {Promise<import("./examples.js").Example[]>} questions that the hub's own documents answer */
export async function listExamples() {
  const { examples } = /** @type {{ examples: import("./examples.js").Example[] }} */ (await requestJson("examples"));
  return examples;
}

/** @param {string} id @returns {Promise<HubDocument>} */
export const getDocument = (id) => requestJson(`documents/${part(id)}`);

/** @param {string} runId @returns {Promise<unknown>} */
export const cancelRun = (runId) => requestJson(`runs/${part(runId)}/cancel`, { method: "POST" });

/**
 * Ask, and get the stream of the run's events.
 *
 * @param {{ threadId: string, runId: string, messageId: string, text: string }} question
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export function startRun({ threadId, runId, messageId, text }, signal) {
  const messages = [{ id: messageId, role: "user", content: text }];
  const body = { threadId, runId, messages, tools: [], context: [], state: {}, forwardedProps: {} };
  return request("runs", { ...post(body), signal });
}

/**
 * The stream of a run's events after the one given.
 *
 * @param {string} runId
 * @param {number | null} lastEventId null for all of them
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export function getRunEvents(runId, lastEventId, signal) {
  /** @type {Record<string, string>} */
  const headers = lastEventId === null ? {} : { "Last-Event-ID": String(lastEventId) };
  return request(`runs/${part(runId)}/events`, { headers, signal });
}
