/**
 * Markdown as DOM nodes: the part of CommonMark that answers use, and GitHub's tables. Raw HTML stays text.
 *
 * @import { InlineOptions } from "./inline.js"
 *
 * @typedef {{ type: "heading", level: number, text: string }
 *   | { type: "paragraph", text: string }
 *   | { type: "code", language: string, text: string }
 *   | { type: "rule" }
 *   | { type: "quote", blocks: Block[] }
 *   | { type: "list", start: number | null, tight: boolean, items: Block[][] }
 *   | { type: "table", align: string[], head: string[], rows: string[][] }} Block
 *   `start` is null for a list of bullets
 */

import { h } from "./dom.js";
import { renderInline } from "./inline.js";
import { readTable, startsTable } from "./tables.js";

const MAX_DEPTH = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|$)/;

/** The blocks that each container shows at present, so that a growing text redraws its end alone. */
/** @type {WeakMap<Element, string[]>} */
const shown = new WeakMap();

/**
 * Show a text in a container, touching only what differs from what it showed before.
 *
 * @param {Element} container
 * @param {string} text
 * @param {InlineOptions & { redraw?: boolean }} [options] `redraw` draws every block anew
 */
export function showMarkdown(container, text, options = {}) {
  const blocks = parseBlocks(text.replace(/\r\n?/g, "\n").split("\n"), 0);
  const wanted = blocks.map((block) => JSON.stringify(block));
  const before = options.redraw ? [] : (shown.get(container) ?? []);
  let same = 0;
  while (same < wanted.length && wanted[same] === before[same]) same += 1;
  while (container.childNodes.length > same) container.lastChild?.remove();
  container.append(...blocks.slice(same).map((block) => renderBlock(block, options)));
  shown.set(container, wanted);
}

/** @param {string[]} lines @param {number} depth @returns {Block[]} */
function parseBlocks(lines, depth) {
  /** @type {Block[]} */
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = takeBlock(lines, at, depth);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {[Block, next: number]} */
function takeBlock(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return takeCode(lines, at);
  const heading = HEADING.exec(line);
  if (heading) {
    const text = line
      .slice(heading[0].length)
      .trim()
      .replace(/(?:^|\s)#+$/, "")
      .trimEnd();
    return [{ type: "heading", level: heading[1].length, text }, at + 1];
  }
  if (RULE.test(line)) return [{ type: "rule" }, at + 1];
  if (depth < MAX_DEPTH && QUOTE.test(line)) return takeQuote(lines, at, depth);
  if (depth < MAX_DEPTH && ITEM.test(line)) return takeList(lines, at, depth);
  if (startsTable(lines, at)) {
    const [table, next] = readTable(lines, at);
    return [{ type: "table", ...table }, next];
  }
  let end = at + 1;
  while (end < lines.length && !endsParagraph(lines, end)) end += 1;
  const text = lines
    .slice(at, end)
    .map((each) => each.trimStart())
    .join("\n")
    .trimEnd();
  return [{ type: "paragraph", text }, end];
}

/** @param {string[]} lines @param {number} at */
function endsParagraph(lines, at) {
  const line = lines[at];
  if (line.trim() === "" || FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line)) return true;
  const item = ITEM.exec(line);
  // "1." begins a list in the middle of a paragraph, but "1998. " is more likely a year at a line's start.
  return (item !== null && item[3] !== "" && !/^\d{2}/.test(item[2])) || startsTable(lines, at);
}

/** @param {string[]} lines @param {number} at @returns {[Block, number]} an unclosed fence runs to the end */
function takeCode(lines, at) {
  const [, fence, info] = /** @type {RegExpExecArray} */ (FENCE.exec(lines[at]));
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  const indent = lines[at].length - lines[at].trimStart().length;
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end])) end += 1;
  const text = lines
    .slice(at + 1, end)
    .map((line) => stripIndent(line, indent))
    .join("\n");
  return [{ type: "code", language: info.trim().split(/\s/)[0], text }, end + 1];
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {[Block, number]} */
function takeQuote(lines, at, depth) {
  let end = at + 1;
  while (end < lines.length && (QUOTE.test(lines[end]) || !endsParagraph(lines, end))) end += 1;
  const inside = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return [{ type: "quote", blocks: parseBlocks(inside, depth + 1) }, end];
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {[Block, number]} */
function takeList(lines, at, depth) {
  const kind = markerKind(lines[at]);
  const start = /\d/.test(kind) ? Number.parseInt(lines[at].trim(), 10) : null;
  /** @type {string[][]} */
  const items = [];
  let tight = true;
  let next = at;
  while (next < lines.length && ITEM.test(lines[next]) && markerKind(lines[next]) === kind) {
    const [item, end] = takeItem(lines, next);
    items.push(item);
    next = end;
    while (next < lines.length && lines[next].trim() === "") next += 1;
    const goesOn = next < lines.length && ITEM.test(lines[next]) && markerKind(lines[next]) === kind;
    if (next > end && goesOn) tight = false;
  }
  return [{ type: "list", start, tight, items: items.map((item) => parseBlocks(item, depth + 1)) }, next];
}

/** @param {string[]} lines @param {number} at @returns {[item: string[], next: number]} the item's lines, unindented */
function takeItem(lines, at) {
  const [marker, lead] = /** @type {RegExpExecArray} */ (ITEM.exec(lines[at]));
  const item = [lines[at].slice(marker.length)];
  let next = at + 1;
  for (; next < lines.length; next += 1) {
    const line = lines[next];
    const indent = line.length - line.trimStart().length;
    // Two columns are enough to belong to an item: models often indent by two under "1. ".
    const belongs = indent >= Math.min(marker.length, lead.length + 2);
    const lazy = lines[next - 1].trim() !== "" && !endsParagraph(lines, next);
    if (line.trim() !== "" && !belongs && !lazy) break;
    item.push(stripIndent(line, marker.length));
  }
  while (item.length > 1 && item[item.length - 1].trim() === "") {
    item.pop();
    next -= 1;
  }
  return [item, next];
}

/** @param {string} line beginning an item @returns {string} the bullet, or "1." or "1)" */
const markerKind = (line) => (ITEM.exec(line)?.[2] ?? "").replace(/\d+/, "1");

/** @param {string} line @param {number} most */
const stripIndent = (line, most) => line.slice(Math.min(most, line.length - line.trimStart().length));

/** @param {Block} block @param {InlineOptions} options @returns {HTMLElement} */
function renderBlock(block, options) {
  switch (block.type) {
    case "heading": // The page's own title is the h1.
      return h(/** @type {"h2"} */ (`h${Math.min(6, block.level + 1)}`), {}, ...renderInline(block.text, options));
    case "paragraph":
      return h("p", {}, ...renderInline(block.text, options));
    case "code":
      return h("pre", { tabindex: 0, "data-language": block.language }, h("code", {}, block.text));
    case "rule":
      return h("hr");
    case "quote":
      return h("blockquote", {}, ...block.blocks.map((each) => renderBlock(each, options)));
    case "list":
      return renderList(block, options);
    case "table":
      return renderTable(block, options);
  }
}

/** @param {Extract<Block, { type: "list" }>} list @param {InlineOptions} options */
function renderList({ start, tight, items }, options) {
  /** @param {Block} block @returns {Node[]} */
  const inItem = (block) =>
    tight && block.type === "paragraph" ? renderInline(block.text, options) : [renderBlock(block, options)];
  const children = items.map((item) => h("li", {}, ...item.flatMap(inItem)));
  return start === null ? h("ul", {}, ...children) : h("ol", { start: start === 1 ? null : start }, ...children);
}

/** @param {Extract<Block, { type: "table" }>} table @param {InlineOptions} options */
function renderTable({ align, head, rows }, options) {
  /** @param {"th" | "td"} tag @param {string[]} cells */
  const row = (tag, cells) =>
    h("tr", {}, ...align.map((side, column) => h(tag, { class: side }, ...renderInline(cells[column] ?? "", options))));
  const table = h(
    "table",
    {},
    h("thead", {}, row("th", head)),
    h("tbody", {}, ...rows.map((cells) => row("td", cells))),
  );
  return h("div", { class: "table-scroll", tabindex: 0 }, table);
}
