/**
 * Server-sent events read from a fetch body (EventSource cannot POST).
 *
 * Follows https://html.spec.whatwg.org/multipage/server-sent-events.html, less `event:` and `retry:`, which the hub
 * does not send.
 *
 * @typedef {{ id: string | null, data: string }} StreamEvent `id` is the last one seen in the stream
 */

/** The connection broke, or went silent, before the stream's end. */
export class BrokenStream extends Error {}

/**
 * A parser that takes text in pieces of any size.
 *
 * @returns {(piece: string) => StreamEvent[]} the events that `piece` completes; comments yield none
 */
export function createEventParser() {
  let rest = "";
  let atStart = true;
  /** @type {string | null} */
  let id = null;
  /** @type {string[]} */
  let data = [];

  /** @param {string} line @param {StreamEvent[]} events */
  function takeLine(line, events) {
    if (line === "") {
      if (data.length > 0) events.push({ id, data: data.join("\n") });
      data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "id" && !value.includes("\0")) id = value;
  }

  return (piece) => {
    /** @type {StreamEvent[]} */
    const events = [];
    rest += piece;
    if (atStart && rest !== "") {
      rest = rest.replace(/^\ufeff/, "");
      atStart = false;
    }
    // A CR at the very end may be half of a CR LF, so it waits for the next piece.
    const complete = rest.endsWith("\r") ? rest.slice(0, -1) : rest;
    const lines = complete.split(/\r\n|\r|\n/);
    rest = lines.pop() + rest.slice(complete.length);
    for (const line of lines) takeLine(line, events);
    return events;
  };
}

/**
 * The events of a response body; ends when the body does. An event cut off by the end is not yielded.
 *
 * @param {ReadableStream<Uint8Array>} body cancelled when the caller stops reading
 * @param {number} silenceMs longest time without a byte; the hub pings more often
 * @returns {AsyncGenerator<StreamEvent>}
 * @throws {BrokenStream}
 */
export async function* readEvents(body, silenceMs) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parse = createEventParser();
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read(), silenceMs).catch(broken);
      if (done) return;
      yield* parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined); // The connection may be broken already: there is nothing left to end.
  }
}

/** @param {unknown} cause @returns {never} */
function broken(cause) {
  throw new BrokenStream("The stream broke off.", { cause });
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} limitMs
 * @returns {Promise<T>}
 */
function withinTime(promise, limitMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("The stream went silent.")), limitMs);
  });
  return /** @type {Promise<T>} */ (Promise.race([promise, limit])).finally(() => clearTimeout(timer));
}
