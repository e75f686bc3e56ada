/**
 * A document of Markdown as it reads, with the cited passage marked in it.
 *
 * The passage is known by its place in the source. Two characters of no meaning are put around it before the source is
 * parsed, and what stands between them in the parsed text is marked; so the passage may run over blocks, rows and
 * emphasis.
 */

import { h } from "./dom.js";
import { showMarkdown } from "./markdown.js";

const BEGIN = "\uE000";
const END = "\uE001";
/** What makes a block at the beginning of a line, which no other character may stand before. */
const OPENING = /^(?:```[^\n]*\n|~~~[^\n]*\n|#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+|\|[ \t]*|\s+)+/;
const CLOSING = /(?:\n[ \t]*(?:```|~~~|=+|-+)|[\s|#]+)+$/;
const OWN_CHARACTERS = /[\uE000\uE001]/g;

/**
 * @param {[before: string, inside: string, after: string]} parts of the source, cut around the passage
 * @returns {HTMLElement}
 */
export function renderDocument([before, inside, after]) {
  const clean = [before, inside, after].map((part) => part.replace(OWN_CHARACTERS, ""));
  const prose = h("div", { class: "prose" });
  showMarkdown(prose, clean[1].trim() === "" ? clean.join("") : withBounds(clean[0], clean[1], clean[2]));
  return prose;
}

/** @param {string} before @param {string} inside @param {string} after */
function withBounds(before, inside, after) {
  const begins = /(?:^|\n)[ \t]*$/.test(before) ? OPENING : /^\s+/;
  const lead = inside.match(begins)?.[0] ?? "";
  const rest = inside.slice(lead.length);
  const tail = rest.match(CLOSING)?.[0] ?? "";
  const core = rest.slice(0, rest.length - tail.length);
  return core === "" ? before + inside + after : before + lead + BEGIN + core + END + tail + after;
}

/**
 * Mark what stands between the two characters, and take these away.
 *
 * @param {HTMLElement} prose
 * @returns {HTMLElement[]} a mark for each piece of text, in order; the first has the id of the passage; none where one of the
 *   characters became part of something else than text
 */
export function markPassage(prose) {
  if (!prose.textContent?.includes(BEGIN) || !prose.textContent.includes(END)) return [];
  /** @type {HTMLElement[]} */
  const marks = [];
  /** @type {Text[]} */
  const texts = [];
  const walker = document.createTreeWalker(prose, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  let inside = false;
  for (const text of texts) {
    const pieces = text.data.split(/([\uE000\uE001])/);
    if (pieces.length === 1 && !inside) continue;
    const nodes = pieces.flatMap((piece) => {
      if (piece === BEGIN || piece === END) {
        inside = piece === BEGIN;
        return [];
      }
      if (!inside || piece.trim() === "") return piece === "" ? [] : [document.createTextNode(piece)];
      const mark = h("mark", { id: marks.length === 0 ? "passage" : null }, piece);
      marks.push(mark);
      return [mark];
    });
    text.replaceWith(...nodes);
  }
  return marks;
}
