/**
 * The conversation on the page: its messages, redrawn once a frame at most, and where it is scrolled to.
 *
 * @import { Turn } from "./types.js"
 * @import { MessageActions, MessageView } from "./messages.js"
 */

import { createMessage } from "./messages.js";
import { doing } from "./route.js";
import { answerReady, wordsFor } from "./wording.js";

const NEAR_END_PX = 60;

/**
 * @param {object} elements
 * @param {HTMLElement} elements.list
 * @param {HTMLElement} elements.scroller
 * @param {HTMLElement} elements.toLatest
 * @param {HTMLElement} elements.announcer what screen readers are told; the growing text itself is not read out
 * @param {MessageActions} actions
 */
export function createTranscript({ list, scroller, toLatest, announcer }, actions) {
  /** @type {Map<Turn, MessageView>} */
  let views = new Map();
  /** @type {Set<Turn>} */
  const changed = new Set();
  let pinned = true;

  const toEnd = () => scroller.scrollTo({ top: scroller.scrollHeight });
  const distance = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  const showButton = () => (toLatest.hidden = pinned || distance() < NEAR_END_PX);

  scroller.addEventListener(
    "scroll",
    () => {
      pinned = distance() < NEAR_END_PX;
      showButton();
    },
    { passive: true },
  );
  toLatest.addEventListener("click", () => {
    pinned = true;
    toEnd();
  });

  function draw() {
    for (const turn of changed) {
      views.get(turn)?.update();
      announce(turn);
    }
    changed.clear();
    if (pinned) toEnd();
    showButton();
  }

  /** @param {Turn} turn */
  function announce(turn) {
    const sources = turn.citations.length;
    const words = {
      running: doing(turn),
      complete: answerReady(turn.language, sources),
      failed: turn.failure?.message ?? wordsFor(turn).failedShort,
      cancelled: wordsFor(turn).stoppedShort,
      interrupted: wordsFor(turn).interruptedShort,
    }[turn.status];
    announcer.lang = turn.language;
    if (announcer.textContent !== words) announcer.textContent = words;
  }

  /** @param {Turn} turn */
  function add(turn) {
    const view = createMessage(turn, actions);
    views.set(turn, view);
    list.append(view.element);
  }

  return {
    /** @param {Turn[]} turns shown in place of what was there */
    show(turns) {
      views = new Map();
      changed.clear();
      announcer.textContent = "";
      list.replaceChildren();
      turns.forEach(add);
      pinned = true;
      draw();
    },
    /** @param {...Turn} turns */
    append(...turns) {
      turns.forEach(add);
      pinned = true;
      draw();
    },
    /** @param {...Turn} turns whose contents have changed */
    update(...turns) {
      if (turns.length > 0 && changed.size === 0) requestAnimationFrame(draw);
      for (const turn of turns) changed.add(turn);
    },
  };
}
