/**
 * The Markdown parser: markdown-it with raw HTML off, set to what language models write.
 *
 * Beside CommonMark and GitHub's tables and strike-through it reads citation marks [1], emphasis that ends within
 * Chinese text, items indented by two under "1. ", and addresses in the middle of Chinese text. It does not read link
 * definitions, underlined headings, indented code and entities, which answers do not have on purpose.
 */

import MarkdownIt from "./vendor/markdown-it.js";

const CITATION = /\[(\d{1,3})\]/y;
const ADDRESS = /<(https?:\/\/[^\s<>]+)>/y;
const BARE_URL = /^https?:\/\/[^\s<>"'`，。；：、！？（）【】「」《》]+/;
const NO_URL_END = /[.,;:!?*_~\])]+$/;
const CJK = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const NUMBERED = /^\d{1,9}[.)] +/;
const CODE = /(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g;
const TABLE_RULE = /^ *\|?(?: *:?-+:? *\|)* *:?-+:? *\|? *$/;

/**
 * @typedef {object} Token markdown-it's, of a block or of a part of one
 * @property {string} type
 * @property {string} tag
 * @property {1 | 0 | -1} nesting
 * @property {string} content
 * @property {string} info
 * @property {string} markup
 * @property {boolean} hidden
 * @property {Token[] | null} children
 * @property {(name: string) => string | number | null} attrGet
 */

/** @returns {(text: string) => Token[]} */
export function createParser() {
  const parser = new MarkdownIt({ html: false, linkify: true, maxNesting: 16 });
  parser.disable(["reference", "lheading", "code", "entity"]);
  parser.core.ruler.disable("linkify");
  // The page decides on an address when it makes the link: what is not for the web shows as its text alone.
  parser.validateLink = () => true;
  parser.normalizeLink = parser.normalizeLinkText = (/** @type {string} */ address) => address;
  parser.linkify.matchAtStart = (/** @type {string} */ text) => {
    const url = BARE_URL.exec(text.slice(0, 2048))?.[0].replace(NO_URL_END, "");
    return url ? { url } : null;
  };
  parser.inline.ruler.after("link", "citation", readCitation);
  parser.inline.ruler.at("autolink", readAddress);
  parser.inline.State = class extends parser.inline.State {
    /** @param {number} start @param {boolean} canSplitWord */
    scanDelims(start, canSplitWord) {
      const scanned = super.scanDelims(start, canSplitWord);
      const [before, after] = [this.src[start - 1] ?? " ", this.src[start + scanned.length] ?? " "];
      if (canSplitWord && (CJK.test(before) || CJK.test(after))) {
        scanned.can_open = !/\s/.test(after);
        scanned.can_close = !/\s/.test(before);
      }
      return scanned;
    }
  };
  return (text) => {
    const lines = text.replace(/\r\n?/g, "\n").split("\n");
    return parser.parse(withWiderIndents(withPlainTables(lines)).join("\n"), {});
  };
}

/** @param {any} state @param {boolean} silent @returns {boolean} */
function readCitation(state, silent) {
  CITATION.lastIndex = state.pos;
  const mark = state.linkLevel > 0 ? null : CITATION.exec(state.src);
  if (mark === null) return false;
  if (!silent) state.push("citation", "", 0).content = mark[1];
  state.pos += mark[0].length;
  return true;
}

/** An address in angle brackets, of the web alone: `<host:port>` is no link. @param {any} state @param {boolean} silent */
function readAddress(state, silent) {
  ADDRESS.lastIndex = state.pos;
  const found = ADDRESS.exec(state.src);
  if (found === null) return false;
  if (!silent) {
    state.push("link_open", "a", 1).attrs = [["href", found[1]]];
    state.push("text", "", 0).content = found[1];
    state.push("link_close", "a", -1);
  }
  state.pos += found[0].length;
  return true;
}

/** A bar in code does not part the cells of a table, and the first line without a bar ends it. @param {string[]} lines */
function withPlainTables(lines) {
  const fenced = fencedLines(lines);
  let left = 0; // lines of the table's head and rule that are still to come
  let inTable = false;
  return lines.flatMap((line, at) => {
    const rule = lines[at + 1] ?? "";
    const hasBar = !fenced[at] && line.includes("|");
    if (!inTable && hasBar && rule.includes("-") && TABLE_RULE.test(rule)) [inTable, left] = [true, 2];
    else if (inTable && left <= 0 && !hasBar) {
      inTable = false;
      return ["", line];
    }
    left -= 1;
    return [inTable ? line.replace(CODE, (code) => code.replace(/(?<!\\)\|/g, "\\|")) : line];
  });
}

/** What stands under "1. " is indented by three or more: models often indent it by two. @param {string[]} lines */
function withWiderIndents(lines) {
  const fenced = fencedLines(lines);
  let wanted = 0; // of the first line under a number
  let more = 0;
  return lines.map((line, at) => {
    const indent = line.search(/\S/);
    if (indent === 0) [wanted, more] = [fenced[at] ? 0 : (NUMBERED.exec(line)?.[0].length ?? 0), 0];
    else if (indent > 0 && wanted > 0) [wanted, more] = [0, indent >= 2 ? Math.max(0, wanted - indent) : 0];
    return indent > 0 ? " ".repeat(more) + line : line;
  });
}

/** @param {string[]} lines @returns {boolean[]} for each line whether it lies in fenced code, or begins or ends it */
function fencedLines(lines) {
  let open = "";
  return lines.map((line) => {
    const marks = FENCE.exec(line)?.[1] ?? "";
    const wasOpen = open !== "";
    if (!wasOpen) open = marks;
    else if (marks.startsWith(open) && line.trim() === marks) open = "";
    return wasOpen || open !== "";
  });
}

/** Whether a line break between two characters is no space: Chinese runs on. @param {string} before @param {string} after */
export const runsOn = (before, after) => CJK.test(before) && CJK.test(after);
