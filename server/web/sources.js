/**
 * Citations: the mark in the text and the list of sources under it.
 *
 * @import { Citation } from "./types.js"
 */

import { h } from "./dom.js";
import { sourceName, wording } from "./wording.js";

/** @typedef {(citation: Citation, opener: HTMLElement) => void} OpenCitation */

/** @param {Citation} citation */
const where = ({ title, heading }) => (heading === "" || heading === title ? title : `${title}, ${heading}`);

/**
 * @param {number} number
 * @param {Citation | undefined} citation undefined while the run has not told its citations
 * @param {OpenCitation} open
 * @param {"en" | "zh"} [language]
 */
export function createMark(number, citation, open, language = "en") {
  const name = sourceName(language, number, citation ? where(citation) : wording(language).sourceUnknown);
  const mark = h("button", { type: "button", class: "cite", "aria-label": name, disabled: !citation }, String(number));
  if (citation) {
    mark.title = where(citation);
    mark.addEventListener("click", () => open(citation, mark));
  }
  return mark;
}

/** @param {Citation[]} citations @param {OpenCitation} open @param {"en" | "zh"} [language] */
export function createSourceList(citations, open, language = "en") {
  const items = citations.map((citation) => {
    const button = h(
      "button",
      { type: "button", class: "source", "data-number": citation.number },
      h("span", { class: "source-number" }, String(citation.number)),
      h("span", { class: "source-title" }, citation.title),
      h("span", { class: "source-heading" }, citation.heading),
      h("span", { class: "source-path" }, citation.document),
    );
    button.addEventListener("click", () => open(citation, button));
    return h("li", {}, button);
  });
  return h("div", { class: "sources", lang: language }, h("h2", {}, wording(language).sources), h("ol", {}, ...items));
}

/** @param {Citation[]} citations @returns {string} one line each, for copying */
export function sourceLines(citations) {
  return citations.map((citation) => `[${citation.number}] ${where(citation)} (${citation.document})`).join("\n");
}
