/**
 * Puts the page together: the only module that does anything when it is loaded.
 *
 * @import { Thread, Turn } from "./types.js"
 */

import { HubError, deleteThread, listThreads } from "./api.js";
import { createComposer } from "./composer.js";
import { createConversation } from "./conversation.js";
import { confirmChoice } from "./dialogs.js";
import { showDocuments } from "./documents.js";
import { byId } from "./dom.js";
import { createExamples } from "./examples.js";
import { createHubStatus } from "./hubstatus.js";
import { icon } from "./icons.js";
import { createPanel } from "./panel.js";
import { createPassages } from "./passage.js";
import { startShortcuts } from "./shortcuts.js";
import { createSidebar } from "./sidebar.js";
import { startTheme } from "./theme.js";
import { createThreadList, threadAddress, threadOfAddress } from "./threads.js";
import { createTranscript } from "./transcript.js";

/** How often the list of threads is fetched anew while one of them runs. */
const LOOK_AGAIN_MS = 4000;

function start() {
  /** @type {Thread[]} */
  let threads = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let nextLook;
  startTheme(/** @type {HTMLButtonElement} */ (byId("theme")));
  byId("close-panel").append(icon("close"));
  byId("close-sidebar").append(icon("close"));
  byId("to-latest").prepend(icon("down"));

  const panel = createPanel({
    panel: byId("panel"),
    title: byId("panel-title"),
    subtitle: byId("panel-subtitle"),
    content: byId("panel-content"),
    closeButton: byId("close-panel"),
    behind: [byId("main"), byId("sidebar")],
    fallback: byId("question"),
  });
  const passages = createPassages(panel);
  const sidebar = createSidebar({
    sidebar: byId("sidebar"),
    scrim: byId("scrim"),
    main: byId("main"),
    openButton: byId("open-sidebar"),
    closeButton: byId("close-sidebar"),
  });
  const hub = createHubStatus({ model: byId("model"), documents: byId("documents"), banner: byId("banner") }, comeBack);
  const showThreads = createThreadList(byId("threads"), removeThread);

  const transcript = createTranscript(
    { list: byId("transcript"), scroller: byId("scroller"), toLatest: byId("to-latest"), announcer: byId("announcer") },
    {
      openCitation: (citation, from) => {
        const turn = conversation.turns.find((each) => each.citations.includes(citation));
        void passages.openCitation(turn?.citations ?? [citation], citation, from);
      },
      fork: async (turn) => {
        const thread = await conversation.fork(turn);
        if (thread) location.hash = threadAddress(thread.id);
      },
      retry: (turn) => void conversation.retry(turn),
    },
  );

  const conversation = createConversation({
    onShow: (turns) => {
      byId("welcome").hidden = conversation.threadId !== null || turns.length > 0;
      transcript.show(turns);
    },
    onAppend: (...turns) => {
      byId("welcome").hidden = true;
      transcript.append(...turns);
    },
    onUpdate: transcript.update,
    onChange: changed,
    onNewThread: (id) => history.pushState(null, "", threadAddress(id)),
    onWarning: hub.warn,
    onGiveBack: (text) => composer.set(text),
  });

  const composer = createComposer(
    {
      form: /** @type {HTMLFormElement} */ (byId("composer")),
      question: /** @type {HTMLTextAreaElement} */ (byId("question")),
      send: /** @type {HTMLButtonElement} */ (byId("send")),
      stop: /** @type {HTMLButtonElement} */ (byId("stop")),
      size: byId("composer-size"),
    },
    {
      onSend: (text) => void conversation.ask(text),
      onStop: () => void conversation.stop(),
      lastQuestion: () => conversation.turns.findLast((turn) => turn.role === "user")?.text ?? null,
    },
  );

  function changed() {
    const run = conversation.running();
    composer.setRunning(run !== null, run?.activity === "stopping");
    showTitles();
    if (run === null || run.started) void refreshThreads();
  }

  function showTitles() {
    const current = threads.find((thread) => thread.id === conversation.threadId);
    const title = current?.title || conversation.turns[0]?.text.split("\n")[0] || "New thread";
    byId("title").textContent = title;
    document.title = `${title} · Chargehand`;
    // The page knows sooner than the list whether the open thread's run has ended.
    const here = conversation.running()?.runId ?? null;
    const listed = threads.map((thread) => (thread === current ? { ...thread, run_id: here } : thread));
    showThreads(listed, conversation.threadId);
  }

  async function refreshThreads() {
    clearTimeout(nextLook);
    try {
      threads = await listThreads();
      showTitles();
      if (threads.some((thread) => thread.run_id !== null)) nextLook = setTimeout(refreshThreads, LOOK_AGAIN_MS);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      void hub.refresh(); // It tells the user when the hub is gone.
    }
  }

  function openFromAddress() {
    const id = threadOfAddress(location.hash);
    if (id !== null && id === conversation.threadId) return;
    panel.close();
    sidebar.close();
    void conversation.open(id);
    composer.focus();
  }

  function newThread() {
    if (location.hash !== "") history.pushState(null, "", location.pathname + location.search);
    openFromAddress();
  }

  function comeBack() {
    void refreshThreads();
    const failed = conversation.turns.at(-1);
    if (failed?.failure?.code === "not_loaded") void conversation.retry(failed);
  }

  /** @param {Thread} thread */
  async function removeThread(thread) {
    const answers = thread.turns === 1 ? "its answer" : `its ${thread.turns} answers`;
    const text = `“${thread.title}” and ${answers} will be gone for good.`;
    if (!(await confirmChoice({ title: "Delete this thread?", text, action: "Delete" }))) return;
    try {
      await deleteThread(thread.id);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      if (error.status !== 404) return hub.warn(error);
    }
    threads = threads.filter((each) => each.id !== thread.id);
    showTitles();
    if (thread.id === conversation.threadId) newThread();
    else composer.focus();
  }

  byId("skip").addEventListener("click", composer.focus);
  byId("new-thread").addEventListener("click", newThread);
  byId("documents").addEventListener("click", (event) => {
    const from = /** @type {HTMLElement} */ (event.currentTarget);
    void showDocuments(panel, from, (found) => void passages.openDocument(found));
  });
  createExamples(byId("examples"), (text) => void conversation.ask(text));
  startShortcuts({ focusComposer: composer.focus, newThread });
  window.addEventListener("popstate", openFromAddress);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    void hub.refresh();
    void refreshThreads();
  });

  void hub.refresh();
  openFromAddress();
}

start();
