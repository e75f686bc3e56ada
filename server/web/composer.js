/** The question box: grows with its text, counts bytes near the hub's limit, recalls the last question. */

const LIMIT_BYTES = 64 * 1024;
const WARN_BYTES = 60 * 1024;

const encoder = new TextEncoder();

/**
 * @param {object} elements
 * @param {HTMLFormElement} elements.form
 * @param {HTMLTextAreaElement} elements.question
 * @param {HTMLButtonElement} elements.send
 * @param {HTMLButtonElement} elements.stop
 * @param {HTMLElement} elements.size where the count of bytes is told
 * @param {{ onSend: (text: string) => void, onStop: () => void, lastQuestion: () => string | null }} actions
 */
export function createComposer({ form, question, send, stop, size }, { onSend, onStop, lastQuestion }) {
  let running = false;

  function refresh() {
    const bytes = encoder.encode(question.value.trim()).length;
    const tooLong = bytes > LIMIT_BYTES;
    size.textContent = bytes > WARN_BYTES ? sizeNote(bytes) : "";
    size.classList.toggle("error", tooLong);
    question.setAttribute("aria-invalid", String(tooLong));
    send.disabled = bytes === 0 || tooLong;
    send.hidden = running;
    stop.hidden = !running;
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
  }

  /** @param {string} text */
  function set(text) {
    question.value = text;
    refresh();
    question.setSelectionRange(text.length, text.length);
  }

  function focus() {
    if (!matchMedia("(hover: none)").matches) question.focus(); // There it would bring up the keyboard.
  }

  function submit() {
    const text = question.value.trim();
    if (running || send.disabled) return;
    set("");
    onSend(text);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  question.addEventListener("input", refresh);
  question.addEventListener("keydown", (event) => {
    // While an input method composes (Chinese), Enter and the arrows belong to it.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && question.value === "") {
      const last = lastQuestion();
      if (last === null) return;
      event.preventDefault();
      set(last);
    }
  });
  stop.addEventListener("click", onStop);
  refresh();

  return {
    focus,
    set,
    /** @param {boolean} isRunning @param {boolean} isStopping */
    setRunning(isRunning, isStopping) {
      const focused = [send, stop].find((button) => button === document.activeElement);
      running = isRunning;
      stop.disabled = isStopping;
      refresh();
      if (focused && (focused.hidden || focused.disabled)) focus();
    },
  };
}

/** @param {number} bytes */
function sizeNote(bytes) {
  const kilobytes = (bytes / 1024).toFixed(1);
  const limit = LIMIT_BYTES / 1024;
  if (bytes <= LIMIT_BYTES) return `${kilobytes} of ${limit} kB`;
  return `Too long: ${kilobytes} kB of at most ${limit} kB. Shorten it, or ingest it as a document.`;
}
