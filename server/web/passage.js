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
import { markPassage, renderDocument } from "./rendered.js";
import { watchOverflow } from "./scrollcue.js";

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

const WORDS = {
  en: {
    text: "Text of the document",
    loading: "Loading the document…",
    changed: "This document has changed since the answer.",
    lost: "The cited passage is no longer in it.",
    found: "The passage was found by its words.",
    source: "Show the source text",
    rendered: "Show it rendered",
    tryAgain: "Try again",
    previous: "Previous source",
    next: "Next source",
  },
  zh: {
    text: "文档正文",
    loading: "正在加载文档…",
    changed: "回答之后这份文档已经改变。",
    lost: "引用的段落已不在其中。",
    found: "按原文找到了这段话。",
    source: "显示源文本",
    rendered: "显示排版后的文档",
    tryAgain: "重试",
    previous: "上一个来源",
    next: "下一个来源",
  },
};

/** @param {[string, string, string]} parts @returns {{ nodes: Node[], marks: HTMLElement[] }} the text as it is in the file */
function asSource(parts) {
  const [before, inside, after] = parts.map(withHeadings);
  const marks = parts[1] === "" ? [] : [h("mark", { id: "passage" }, ...inside)];
  const holder = h("div", {});
  holder.append(...before, ...marks, ...after);
  return { nodes: [...holder.childNodes], marks };
}

/** @param {[string, string, string]} parts @returns {{ nodes: Node[], marks: HTMLElement[] } | null} null where it cannot be told where the passage stands */
function asRendered(parts) {
  const prose = renderDocument(parts);
  const marks = markPassage(prose);
  return parts[1] !== "" && marks.length === 0 ? null : { nodes: [prose], marks };
}

/** @param {HTMLElement | undefined} mark */
const reveal = (mark) => mark?.scrollIntoView({ block: mark.offsetHeight > 300 ? "start" : "center" });

/** @param {HubDocument} found @param {Citation | null} citation @param {"en" | "zh"} language @returns {{ children: Node[], show: () => void }} `show` once they are on the page */
function createText(found, citation, language) {
  const words = WORDS[language];
  const { parts, moved } = citation
    ? findPassage(found.text, citation)
    : { parts: /** @type {[string, string, string]} */ ([found.text, "", ""]), moved: false };
  const lang = /\p{Script=Han}/u.test(found.text) ? "zh" : "en";
  const text = h("div", {
    class: "document-text scrolls",
    tabindex: 0,
    role: "region",
    "aria-label": words.text,
    lang,
  });
  const rendered = found.media_type === "text/markdown" ? asRendered(parts) : null;
  const source = asSource(parts);
  let shown = rendered ?? source;
  const button = h("button", { type: "button", class: "quiet" }, words.source);

  function draw() {
    text.classList.toggle("rendered", shown === rendered);
    text.replaceChildren(...shown.nodes);
    button.textContent = shown === rendered ? words.source : words.rendered;
    reveal(shown.marks[0]);
  }
  button.addEventListener("click", () => {
    shown = rendered !== null && shown === source ? rendered : source;
    draw();
  });
  const lost = parts[1] === "" ? words.lost : words.found;
  const changed = h("p", { class: "callout notice" }, icon("info"), `${words.changed} ${lost}`);
  const bar = rendered === null ? [] : [h("div", { class: "document-view" }, button)];
  watchOverflow(text);
  return { children: [...(moved ? [changed] : []), ...bar, text], show: draw };
}

/** @param {Panel} panel @param {() => "en" | "zh"} getLanguage of what the panel says */
export function createPassages(panel, getLanguage) {
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
    const words = WORDS[getLanguage()];
    /** @param {Node[]} children */
    const show = (children) => panel.show({ heading, note, children: [...above, ...children], from });
    show([h("p", { class: "panel-wait" }, words.loading)]);
    try {
      const found = await getDocument(documentId);
      if (mine !== opened) return;
      const text = createText(found, citation, getLanguage());
      show(text.children);
      text.show();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const retry = () => load({ heading, note, documentId, citation, above, from });
      if (mine === opened) show([createFailure(error, { label: words.tryAgain, onclick: retry })]);
    }
  }

  /** @param {Citation[]} citations @param {Citation} citation @param {HTMLElement} [from] */
  function openCitation(citations, citation, from) {
    const at = citations.indexOf(citation);
    const words = WORDS[getLanguage()];
    const chinese = getLanguage() === "zh";
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
      `${chinese ? "来源" : "Source"} ${citation.number}`,
      h("span", { class: "of" }, ` · ${at + 1} ${chinese ? "/" : "of"} ${citations.length}`),
    );
    const steps = h(
      "div",
      { class: "passage-steps" },
      place,
      step(words.previous, at - 1, "back"),
      step(words.next, at + 1, "chevron"),
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
