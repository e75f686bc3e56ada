/**
 * Follows one run to its last event, over as many connections as that takes.
 *
 * @import { RunEvent } from "./types.js"
 */

import { HubError, unreachable } from "./api.js";
import { BrokenStream, readEvents } from "./eventstream.js";

const SILENCE_LIMIT_MS = 45_000;

/** Waits before each new connection: short when nothing ever arrived, patient once a run is known to be going. */
const WAITS_UNKNOWN_MS = [300, 1000];
const WAITS_KNOWN_MS = [300, 1000, 2000, 4000, 8000, 8000, 8000, 8000];

/**
 * @param {object} options
 * @param {((signal: AbortSignal) => Promise<Response>) | null} options.start makes the run; null when it exists already
 * @param {(lastEventId: number | null, signal: AbortSignal) => Promise<Response>} options.resume
 * @param {(event: RunEvent, id: number | null) => void} options.onEvent called once per event, in order
 * @param {(state: "live" | "reconnecting") => void} options.onConnection
 * @param {AbortSignal} options.signal stops following; the run itself goes on
 * @param {number | null} [options.lastEventId] the last event already seen
 * @returns {Promise<void>} once RUN_FINISHED or RUN_ERROR was handed to `onEvent`
 * @throws {HubError} the hub refused, does not know the run, or stayed out of reach
 */
export async function followRun({ start, resume, onEvent, onConnection, signal, lastEventId = null }) {
  let known = start === null;
  let failures = 0;

  /** @param {Response} response @returns {Promise<boolean>} whether the run's last event came */
  async function drain(response) {
    if (response.body === null) return false;
    for await (const { id, data } of readEvents(response.body, SILENCE_LIMIT_MS)) {
      const number = id === null ? null : Number(id);
      if (number !== null && lastEventId !== null && number <= lastEventId) continue;
      lastEventId = number ?? lastEventId;
      failures = 0;
      const event = /** @type {RunEvent} */ (JSON.parse(data));
      onEvent(event, number);
      if (event.type === "RUN_FINISHED" || event.type === "RUN_ERROR") return true;
    }
    return false;
  }

  for (let first = true; ; first = false) {
    try {
      const response = await (first && start !== null ? start(signal) : resume(lastEventId, signal));
      known = true;
      onConnection("live");
      if (await drain(response)) return;
    } catch (error) {
      if (signal.aborted || !mayRetry(error, first && start !== null)) throw error;
    }
    const waits = known ? WAITS_KNOWN_MS : WAITS_UNKNOWN_MS;
    if (failures >= waits.length) throw unreachable();
    onConnection("reconnecting");
    await pause(waits[failures], signal);
    failures += 1;
  }
}

/**
 * @param {unknown} error
 * @param {boolean} starting a refused start is final: asking again is the user's choice
 */
function mayRetry(error, starting) {
  if (error instanceof HubError) return error.status === 0 || (!starting && error.status >= 500);
  return error instanceof BrokenStream;
}

/**
 * Wait, but no longer than until the machine is back on the network.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const timer = setTimeout(wake, ms);
    function wake() {
      clearTimeout(timer);
      done.abort();
      resolve();
    }
    function abandon() {
      clearTimeout(timer);
      done.abort();
      reject(signal.reason);
    }
    if (signal.aborted) return abandon();
    window.addEventListener("online", wake, { signal: done.signal });
    signal.addEventListener("abort", abandon, { signal: done.signal });
  });
}
