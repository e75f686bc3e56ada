/**
 * The list of all documents, in the panel.
 *
 * @import { DocumentSummary } from "./types.js"
 * @import { Panel } from "./panel.js"
 */

import { HubError, listDocuments } from "./api.js";
import { createFailure } from "./callouts.js";
import { h } from "./dom.js";
import { watchOverflow } from "./scrollcue.js";

/**
 * @param {Panel} panel
 * @param {HTMLElement} from what opened it
 * @param {(found: DocumentSummary) => void} onOpen
 */
export async function showDocuments(panel, from, onOpen) {
  const heading = "Documents";
  panel.show({
    heading,
    note: "What answers may draw on",
    children: [h("p", { class: "panel-wait" }, "Loading…")],
    from,
  });
  try {
    const documents = await listDocuments();
    const note = `${documents.length} in the hub's memory`;
    panel.show({ heading, note, children: [createList(documents, onOpen)], from });
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const retry = { label: "Try again", onclick: () => showDocuments(panel, from, onOpen) };
    panel.show({ heading, note: "", children: [createFailure(error, retry)], from });
  }
}

/** @param {DocumentSummary[]} documents @param {(found: DocumentSummary) => void} onOpen */
function createList(documents, onOpen) {
  const filter = h("input", {
    type: "search",
    class: "filter",
    placeholder: "Filter",
    "aria-label": "Filter the documents",
  });
  const items = documents.map((found) => {
    const title = h("span", { class: "source-title" }, found.title);
    const button = h(
      "button",
      { type: "button", class: "source" },
      title,
      h("span", { class: "source-path" }, found.name),
    );
    button.addEventListener("click", () => onOpen(found));
    return { item: h("li", {}, button), words: `${found.title} ${found.name}`.toLowerCase() };
  });
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const { item, words } of items) item.hidden = !words.includes(wanted);
  });
  const empty = h("p", { class: "panel-wait" }, "Nothing was ingested yet. On the hub's machine, run ");
  empty.append(h("code", {}, "chargehand ingest PATH"), ".");
  if (items.length === 0) return empty;
  const box = h("div", { class: "document-list scrolls" }, filter, h("ol", {}, ...items.map(({ item }) => item)));
  watchOverflow(box);
  return box;
}
