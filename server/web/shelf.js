/**
 * The threads that the hub keeps: fetched anew when something happened, shown in the side bar, deleted on request.
 *
 * @import { Thread } from "./types.js"
 *
 * @typedef {{ threadId: string | null, runId: string | null, firstQuestion: string | null }} Open what the page shows
 */

import { HubError, deleteThread, listThreads } from "./api.js";
import { confirmChoice } from "./dialogs.js";
import { createThreadList } from "./threads.js";

/** How often the list is fetched anew while one of the threads runs. */
const LOOK_AGAIN_MS = 4000;

/**
 * @param {{ nav: HTMLElement, title: HTMLElement }} elements
 * @param {object} actions
 * @param {() => Open} actions.getOpen
 * @param {(thread: Thread) => void} actions.onDeleted
 * @param {(failure: HubError) => void} actions.onRefused a thread could not be deleted
 * @param {() => void} actions.onLost the list could not be fetched
 */
export function createShelf({ nav, title }, { getOpen, onDeleted, onRefused, onLost }) {
  /** @type {Thread[]} */
  let threads = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let nextLook;
  const showList = createThreadList(nav, remove);

  function show() {
    const { threadId, runId, firstQuestion } = getOpen();
    const current = threads.find((thread) => thread.id === threadId);
    const name = current?.title || firstQuestion?.split("\n")[0] || "New thread";
    title.textContent = name;
    document.title = `${name} · Chargehand`;
    // The page knows sooner than the list whether the open thread's run has ended.
    const listed = threads.map((thread) => (thread === current ? { ...thread, run_id: runId } : thread));
    showList(listed, threadId);
  }

  async function refresh() {
    clearTimeout(nextLook);
    try {
      threads = await listThreads();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return onLost();
    }
    show();
    if (threads.some((thread) => thread.run_id !== null)) nextLook = setTimeout(refresh, LOOK_AGAIN_MS);
  }

  /** @param {Thread} thread */
  async function remove(thread) {
    const answers = thread.turns === 1 ? "its answer" : `its ${thread.turns} answers`;
    const text = `“${thread.title}” and ${answers} will be gone for good.`;
    if (!(await confirmChoice({ title: "Delete this thread?", text, action: "Delete" }))) return;
    try {
      await deleteThread(thread.id);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      if (error.status !== 404) return onRefused(error);
    }
    threads = threads.filter((each) => each.id !== thread.id);
    show();
    onDeleted(thread);
  }

  return { show, refresh };
}
