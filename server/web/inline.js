/**
 * Markdown inside one block: code, bold, italic, strike-through, links and citation marks, as DOM nodes.
 *
 * Text only ever becomes text nodes, and a link is made for http and https alone, so no answer can inject markup.
 *
 * @typedef {object} InlineOptions
 * @property {(number: number) => Node | null} [citation] the node for the mark [number]; null keeps it as text
 */

import { h } from "./dom.js";

const MAX_DEPTH = 8;
const SPECIAL = /[\\`*_~[<!\n]|https?:\/\//g;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const BARE_URL = /^https?:\/\/[^\s<>"'`，。；：、！？（）【】「」《》]+/;
const WORD = /[\p{L}\p{N}]/u;
const CODE = /(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g;
const CJK = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;

/**
 * @param {string} source Markdown without block structure
 * @param {InlineOptions} [options]
 * @returns {Node[]}
 */
export function renderInline(source, options = {}) {
  return parse(source, options, 0);
}

/**
 * @typedef {object} Cursor where the scan stands, and which closing marks are known to be missing further on
 * @property {string} source
 * @property {string} masked `source` with its code blotted out, where closing marks are looked for
 * @property {InlineOptions} options
 * @property {number} depth
 * @property {Set<string>} unclosed
 */

/** @param {string} source @param {InlineOptions} options @param {number} depth @returns {Node[]} */
function parse(source, options, depth) {
  if (depth > MAX_DEPTH) return [document.createTextNode(source)];
  const masked = source.replace(CODE, (code) => "\0".repeat(code.length));
  /** @type {Cursor} */
  const cursor = { source, masked, options, depth, unclosed: new Set() };
  /** @type {Node[]} */
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < source.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(source)?.index ?? source.length;
    plain += source.slice(at, next);
    if (next === source.length) break;
    const found = takeSpecial(cursor, next);
    if (typeof found.node === "string") plain += found.node;
    else {
      if (plain !== "") nodes.push(document.createTextNode(plain));
      plain = "";
      nodes.push(found.node);
    }
    at = next + found.length;
  }
  if (plain !== "") nodes.push(document.createTextNode(plain));
  return nodes;
}

/** @typedef {{ node: Node | string, length: number }} Found `length` counts the source's UTF-16 units taken */

/** @param {Cursor} cursor @param {number} at @returns {Found} */
function takeSpecial(cursor, at) {
  const char = cursor.source[at];
  const taker = TAKERS[char] ?? takeBareUrl;
  return taker(cursor, at) ?? { node: char, length: 1 };
}

/** @type {Record<string, (cursor: Cursor, at: number) => Found | null>} */
const TAKERS = {
  "\\": takeEscape,
  "\n": takeBreak,
  "`": takeCode,
  "*": takeEmphasis,
  _: takeEmphasis,
  "~": takeEmphasis,
  "[": takeBracket,
  "<": takeAngle,
  "!": takeImage,
};

/** @param {Cursor} cursor @param {number} at @returns {Found | null} */
function takeEscape({ source }, at) {
  const next = source[at + 1];
  if (next === "\n") return { node: h("br"), length: 2 };
  return next !== undefined && ESCAPABLE.test(next) ? { node: next, length: 2 } : null;
}

/**
 * A line end is a space, but two spaces before it break the line, and Chinese runs on without a space.
 *
 * @param {Cursor} cursor @param {number} at @returns {Found}
 */
function takeBreak({ source }, at) {
  if (source.slice(at - 2, at) === "  ") return { node: h("br"), length: 1 };
  const joined = CJK.test(source[at - 1] ?? "") && CJK.test(source[at + 1] ?? "");
  return { node: joined ? "" : "\n", length: 1 };
}

/** @param {Cursor} cursor @param {number} at @returns {Found} */
function takeCode({ source, unclosed }, at) {
  const fence = /^`+/.exec(source.slice(at, at + 64))?.[0] ?? "`";
  const from = at + fence.length;
  for (let to = unclosed.has(fence) ? -1 : source.indexOf(fence, from); to >= 0; to = source.indexOf(fence, to)) {
    let end = to;
    while (source[end] === "`") end += 1;
    if (end - to === fence.length) {
      const code = source.slice(from, to).replaceAll("\n", " ");
      const trimmed = /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code;
      return { node: h("code", {}, trimmed), length: end - at };
    }
    to = end;
  }
  unclosed.add(fence);
  return { node: fence, length: fence.length };
}

const EMPHASIS = /** @type {const} */ ({ "**": "strong", __: "strong", "*": "em", _: "em", "~~": "s" });

/** @param {Cursor} cursor @param {number} at @returns {Found | null} */
function takeEmphasis(cursor, at) {
  const { source, options, depth } = cursor;
  const char = source[at];
  for (const mark of [char + char, char]) {
    if (!(mark in EMPHASIS) || !source.startsWith(mark, at)) continue;
    const to = closingMark(cursor, mark, at);
    if (to < 0) continue;
    const inside = parse(source.slice(at + mark.length, to), options, depth + 1);
    const tag = EMPHASIS[/** @type {keyof typeof EMPHASIS} */ (mark)];
    return { node: h(tag, {}, ...inside), length: to + mark.length - at };
  }
  const run = source[at + 1] === char ? 2 : 1;
  return { node: char.repeat(run), length: run };
}

/**
 * Where the mark opened at `at` is closed, or -1. A mark hugs what it encloses; `_` does not open or close in a word.
 *
 * @param {Cursor} cursor @param {string} mark @param {number} at
 */
function closingMark({ source, masked, unclosed }, mark, at) {
  const from = at + mark.length;
  const inWord = mark[0] === "_" && WORD.test(source[at - 1] ?? "");
  if (unclosed.has(mark) || inWord || /^\s?$/.test(source[from] ?? "")) return -1;
  for (let to = masked.indexOf(mark, from + 1); to >= 0; to = masked.indexOf(mark, to + 1)) {
    // A single mark does not close on half of a double one, and a double one closes on the last two of three.
    const doubled = mark.length === 1 && (source[to + 1] === mark || source[to - 1] === mark);
    const tripled = mark.length === 2 && source[to + 2] === mark[0];
    const hugs = !/\s/.test(source[to - 1]) && source[to - 1] !== "\\";
    const ends = mark[0] !== "_" || !WORD.test(source[to + mark.length] ?? "");
    if (!doubled && !tripled && hugs && ends) return to;
  }
  unclosed.add(mark);
  return -1;
}

/**
 * A citation mark `[1]` or a link `[text](address "title")`.
 *
 * @param {Cursor} cursor @param {number} at @returns {Found | null}
 */
function takeBracket({ source, options, depth }, at) {
  const ahead = source.slice(at, at + 2048);
  const link = /^\[((?:[^\]\\[]|\\.)*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/.exec(
    ahead,
  );
  if (link !== null) {
    const address = webAddress(link[2]);
    if (address === null) return { node: link[1], length: link[0].length };
    return { node: anchor(address, parse(link[1], {}, depth + 1)), length: link[0].length };
  }
  const mark = /^\[(\d{1,3})\]/.exec(ahead);
  const node = mark === null ? null : (options.citation?.(Number(mark[1])) ?? null);
  return node === null || mark === null ? null : { node, length: mark[0].length };
}

/** An image is never loaded: it shows as a link to it. @param {Cursor} cursor @param {number} at @returns {Found | null} */
function takeImage(cursor, at) {
  if (cursor.source[at + 1] !== "[") return null;
  const link = takeBracket({ ...cursor, options: {} }, at + 1);
  return link && { node: link.node, length: link.length + 1 };
}

/** @param {Cursor} cursor @param {number} at @returns {Found | null} */
function takeAngle({ source }, at) {
  const found = /^<(https?:\/\/[^\s<>]+)>/.exec(source.slice(at, at + 2048));
  const address = found && webAddress(found[1]);
  return found && address ? { node: anchor(address, [found[1]]), length: found[0].length } : null;
}

/** @param {Cursor} cursor @param {number} at @returns {Found | null} */
function takeBareUrl({ source }, at) {
  const found = BARE_URL.exec(source.slice(at, at + 2048))?.[0].replace(/[.,;:!?*_~\])]+$/, "");
  const address = found && webAddress(found);
  return found && address ? { node: anchor(address, [found]), length: found.length } : null;
}

/** @param {string} address @returns {string | null} null for anything but http and https */
function webAddress(address) {
  if (!/^https?:\/\//i.test(address)) return null;
  return URL.canParse(address) ? address : null;
}

/** @param {string} address @param {(Node | string)[]} children */
function anchor(address, children) {
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}
