/** Puts the page together: the only module that does anything when it is loaded. */

import { showApprovals } from "./approvalcards.js";
import { createDesk } from "./approvals.js";
import { createCaller } from "./caller.js";
import { createComposer } from "./composer.js";
import { createConversation } from "./conversation.js";
import { showDocuments } from "./documents.js";
import { byId } from "./dom.js";
import { createExamples } from "./examples.js";
import { createHubStatus } from "./hubstatus.js";
import { icon } from "./icons.js";
import { createPanel } from "./panel.js";
import { createPassages } from "./passage.js";
import { createShelf } from "./shelf.js";
import { startShortcuts } from "./shortcuts.js";
import { createSidebar } from "./sidebar.js";
import { startTheme } from "./theme.js";
import { threadAddress, threadOfAddress } from "./threads.js";
import { createTranscript } from "./transcript.js";

startTheme(byId("theme"));
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

const passages = createPassages(panel, () => conversation.turns.at(-1)?.language ?? "en");

const sidebar = createSidebar({
  sidebar: byId("sidebar"),
  scrim: byId("scrim"),
  main: byId("main"),
  openButton: byId("open-sidebar"),
  closeButton: byId("close-sidebar"),
});

const caller = createCaller(byId("caller"), function onSignedIn() {
  panel.close();
  void hub.refresh();
  void shelf.refresh();
  void conversation.open(conversation.threadId);
});

const examples = createExamples(
  { list: byId("examples"), text: byId("welcome-text") },
  (text) => void conversation.ask(text),
);

const desk = createDesk(byId("approvals"), {
  getTurns: () => conversation.turns,
  onChange: () => transcript.update(...conversation.turns.filter((turn) => turn.role === "assistant")),
  goOn: (words) => void conversation.ask(words),
});

const hub = createHubStatus(
  { model: byId("model"), documents: byId("documents"), banner: byId("banner") },
  function onBack() {
    void shelf.refresh();
    const last = conversation.turns.at(-1);
    if (last?.failure?.code === "not_loaded") void conversation.retry(last);
  },
  function onStatus(status) {
    caller.show(status.caller);
    desk.setCaller(status.caller);
    void examples.refresh({ documents: status.documents, who: status.caller?.principal ?? "" });
  },
);

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
    approvals: desk,
    replies: {
      mayReply: (turn) => conversation.turns.at(-1) === turn,
      reply: (text) => {
        hub.clearWarning();
        composer.focus(); // The button that was pressed is not to be pressed again.
        void conversation.ask(text);
      },
    },
  },
);

const conversation = createConversation({
  getPrincipal: caller.principal,
  onShow: (turns) => {
    byId("welcome").hidden = conversation.threadId !== null || turns.length > 0;
    transcript.show(turns);
  },
  onAppend: (...turns) => {
    byId("welcome").hidden = true;
    transcript.append(...turns);
    transcript.update(...conversation.turns.filter((turn) => turn.role === "assistant")); // Replies to what came before.
  },
  onUpdate: transcript.update,
  onChange: () => {
    const run = conversation.running();
    composer.setRunning(run !== null, run?.activity === "stopping");
    shelf.show();
    if (run?.started) hub.answered();
    if (run === null || run.started) void shelf.refresh();
    if (run === null) void desk.refresh();
  },
  onNewThread: (id) => history.pushState(null, "", threadAddress(id)),
  onWarning: hub.warn,
  onGiveBack: (text) => composer.set(text),
});

const composer = createComposer(
  {
    form: byId("composer"),
    question: byId("question"),
    send: byId("send"),
    stop: byId("stop"),
    size: byId("composer-size"),
  },
  {
    onSend: (text) => {
      hub.clearWarning();
      void conversation.ask(text);
    },
    onStop: () => void conversation.stop(),
    lastQuestion: () => conversation.turns.findLast((turn) => turn.role === "user")?.text ?? null,
  },
);

const shelf = createShelf(
  { nav: byId("threads"), title: byId("title") },
  {
    getOpen: () => ({
      threadId: conversation.threadId,
      runId: conversation.running()?.runId ?? null,
      firstQuestion: conversation.turns.find((turn) => turn.role === "user")?.text ?? null,
    }),
    onDeleted: (thread) => (thread.id === conversation.threadId ? newThread() : composer.focus()),
    onRefused: hub.warn,
    onLost: () => void hub.refresh(), // It tells the user when the hub is gone.
  },
);

function openFromAddress() {
  const id = threadOfAddress(location.hash);
  if (id !== null && id === conversation.threadId) return;
  panel.close();
  sidebar.close();
  hub.clearWarning();
  void conversation.open(id);
  composer.focus();
}

function newThread() {
  if (location.hash !== "") history.pushState(null, "", location.pathname + location.search);
  openFromAddress();
}

byId("skip").addEventListener("click", composer.focus);
byId("new-thread").addEventListener("click", newThread);
byId("documents").addEventListener("click", (event) => {
  const from = /** @type {HTMLElement} */ (event.currentTarget);
  void showDocuments(panel, from, (found) => void passages.openDocument(found));
});
byId("approvals").addEventListener("click", (event) => {
  showApprovals(panel, desk, /** @type {HTMLElement} */ (event.currentTarget));
});
startShortcuts({ focusComposer: composer.focus, newThread });
window.addEventListener("popstate", openFromAddress);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  void hub.refresh();
  void shelf.refresh();
  void desk.refresh();
});

void hub.refresh();
openFromAddress();
