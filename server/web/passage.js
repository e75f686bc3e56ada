/**
 * The cited passage in its document, highlighted, in the panel.
 *
 * @import { Citation, HubDocument } from "./types.js"
 * @import { Panel } from "./panel.js"
 */

import { HubError, getDocument } from "./api.js";
import { createFailure } from "./callouts.js";
import { cutAt } from "./codepoints.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const HEADING = /^(#{1,6})( .*)$/gm;

/**
 * The document's text cut around the citation. When the document has changed since, the passage is looked for by its
 * words; `moved` says so.
 *
 * @param {string} text
 * @param {Citation} citation
 * @returns {{ parts: [before: string, inside: string, after: string], moved: boolean }}
 */
export function findPassage(text, { start, end, quote }) {
  const parts = cutAt(text, start, end);
  if (parts[1] === quote) return { parts, moved: false };
  const at = text.indexOf(quote);
  if (at < 0) return { parts: [text, "", ""], moved: true };
  return { parts: [text.slice(0, at), quote, text.slice(at + quote.length)], moved: true };
}

/** @param {string} text @returns {(Node | string)[]} the same text, with Markdown headings set off */
function withHeadings(text) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let at = 0;
  for (const { 0: line, 1: hashes, 2: words, index } of text.matchAll(HEADING)) {
    const muted = h("span", { class: "document-hashes" }, hashes);
    nodes.push(text.slice(at, index), h("span", { class: "document-heading" }, muted, words));
    at = index + line.length;
  }
  return [...nodes, text.slice(at)];
}

/** @param {HubDocument} found @param {Citation | null} citation */
function createText(found, citation) {
  const { parts, moved } = citation ? findPassage(found.text, citation) : { parts: [found.text, "", ""], moved: false };
  const [before, inside, after] = parts.map(withHeadings);
  const mark = h("mark", { id: "passage" }, ...inside);
  const lang = /\p{Script=Han}/u.test(found.text) ? "zh" : "en";
  const text = h("div", {
    class: "document-text",
    tabindex: 0,
    role: "region",
    "aria-label": "Text of the document",
    lang,
  });
  text.append(...before, ...(parts[1] === "" ? [] : [mark]), ...after);
  const lost = parts[1] === "" ? "The cited passage is no longer in it." : "The passage was found by its words.";
  const changed = h(
    "p",
    { class: "callout notice" },
    icon("info"),
    `This document has changed since the answer. ${lost}`,
  );
  return { children: moved ? [changed, text] : [text], mark };
}

/** @param {Panel} panel */
export function createPassages(panel) {
  /** Counts the openings, so that a slow document cannot overwrite a later one. */
  let opened = 0;

  /**
   * @param {object} what
   * @param {string} what.heading
   * @param {string} what.note
   * @param {string} what.documentId
   * @param {Citation | null} what.citation
   * @param {Node[]} what.above
   * @param {HTMLElement} [what.from]
   */
  async function load({ heading, note, documentId, citation, above, from }) {
    opened += 1;
    const mine = opened;
    /** @param {Node[]} children */
    const show = (children) => panel.show({ heading, note, children: [...above, ...children], from });
    show([h("p", { class: "panel-wait" }, "Loading the document…")]);
    try {
      const found = await getDocument(documentId);
      if (mine !== opened) return;
      const { children, mark } = createText(found, citation);
      show(children);
      if (mark.isConnected) mark.scrollIntoView({ block: mark.offsetHeight > 300 ? "start" : "center" });
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const retry = () => load({ heading, note, documentId, citation, above, from });
      if (mine === opened) show([createFailure(error, { label: "Try again", onclick: retry })]);
    }
  }

  /** @param {Citation[]} citations @param {Citation} citation @param {HTMLElement} [from] */
  function openCitation(citations, citation, from) {
    const at = citations.indexOf(citation);
    /** @param {string} name @param {number} to @param {string} iconName */
    const step = (name, to, iconName) => {
      const button = h("button", {
        type: "button",
        class: "quiet square",
        "aria-label": name,
        disabled: !citations[to],
      });
      button.append(icon(iconName));
      button.addEventListener("click", () => {
        openCitation(citations, citations[to]);
        /** @type {HTMLElement | null} */ (
          document.querySelector(`.passage-steps [aria-label="${name}"]:enabled`)
        )?.focus();
      });
      return button;
    };
    const place = h(
      "span",
      {},
      `Source ${citation.number}`,
      h("span", { class: "of" }, ` · ${at + 1} of ${citations.length}`),
    );
    const steps = h(
      "div",
      { class: "passage-steps" },
      place,
      step("Previous source", at - 1, "back"),
      step("Next source", at + 1, "chevron"),
    );
    const heading = h("p", { class: "passage-heading" }, citation.heading);
    const above = [h("div", { class: "passage-bar" }, heading, steps)];
    return load({
      heading: citation.title,
      note: citation.document,
      documentId: citation.document_id,
      citation,
      above,
      from,
    });
  }

  return {
    openCitation,
    /** @param {{ id: string, title: string, name: string }} found a document to read from its beginning */
    openDocument: ({ id, title, name }) =>
      load({ heading: title, note: name, documentId: id, citation: null, above: [] }),
  };
}
