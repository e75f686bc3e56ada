/**
 * The list of threads in the side bar.
 *
 * @import { Thread } from "./types.js"
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { clock, dayGroup, fullTime } from "./times.js";

/** @param {string} id @returns {string} the address of a thread on this page */
export const threadAddress = (id) => `#${encodeURIComponent(id)}`;

/** @param {string} hash of the page's address @returns {string | null} the thread it names */
export function threadOfAddress(hash) {
  try {
    return decodeURIComponent(hash.slice(1)) || null;
  } catch {
    return hash.slice(1); // Not an address that this page made; the hub will say that there is no such thread.
  }
}

/**
 * @param {HTMLElement} nav
 * @param {(thread: Thread) => void} onDelete
 * @returns {(threads: Thread[], currentId: string | null) => void} shows the threads, newest first
 */
export function createThreadList(nav, onDelete) {
  let shown = "";

  /** @param {Thread} thread @param {string | null} currentId @param {Date} now */
  function createItem(thread, currentId, now) {
    const title = thread.title || "Untitled";
    const link = h(
      "a",
      { href: threadAddress(thread.id), "aria-current": thread.id === currentId ? "page" : null, title },
      h("span", { class: "thread-title" }, title),
      thread.run_id ? h("span", { class: "spinner", role: "img", "aria-label": "running" }) : null,
      h("time", { datetime: thread.updated_at, title: fullTime(thread.updated_at) }, clock(thread.updated_at, now)),
    );
    const label = `Delete the thread ${title}`;
    const remove = h(
      "button",
      { type: "button", class: "quiet square", "aria-label": label, title: "Delete" },
      icon("trash"),
    );
    remove.addEventListener("click", () => onDelete(thread));
    return h("li", { "data-thread": thread.id }, link, remove);
  }

  /** @param {Thread[]} threads @param {string | null} currentId */
  function draw(threads, currentId) {
    const now = new Date();
    /** @type {Map<string, Thread[]>} */
    const groups = new Map();
    for (const thread of threads) {
      const group = dayGroup(thread.updated_at, now);
      groups.set(group, [...(groups.get(group) ?? []), thread]);
    }
    const sections = [...groups].map(([name, members]) =>
      h("section", {}, h("h2", {}, name), h("ul", {}, ...members.map((each) => createItem(each, currentId, now)))),
    );
    const empty = h("p", { class: "threads-empty" }, "No threads yet. Your questions will be kept here.");
    nav.replaceChildren(...(sections.length > 0 ? sections : [empty]));
  }

  return (threads, currentId) => {
    const wanted = JSON.stringify([threads, currentId, new Date().toDateString()]);
    if (wanted === shown) return;
    shown = wanted;
    const focused = document.activeElement?.closest("[data-thread]");
    const id =
      nav.contains(document.activeElement) && focused instanceof HTMLElement ? focused.dataset.thread : undefined;
    draw(threads, currentId);
    if (id !== undefined)
      /** @type {HTMLElement | null} */ (nav.querySelector(`[data-thread="${CSS.escape(id)}"] a`))?.focus();
  };
}
