/**
 * Shows Markdown as DOM nodes made from markdown-it's tokens.
 *
 * Text only ever becomes text nodes, and a link is made for http and https alone, so no answer can inject markup.
 *
 * @import { Token } from "./markdownit.js"
 *
 * @typedef {object} MarkdownOptions
 * @property {(number: number) => Node | null} [citation] the node for the mark [number]; null keeps it as text
 * @property {boolean} [redraw] draws every block anew
 * @property {{ copy: string, copied: string, copyRefused: string, copyBlock: string }} [copyBlocks] words of the button
 *   that copies a block of code; left out, there is none
 */

import { copyText } from "./clipboard.js";
import { h } from "./dom.js";
import { createParser, runsOn } from "./markdownit.js";
import { watchOverflow } from "./scrollcue.js";

/** Items from which on a list stands in a box that scrolls. */
const LONG_LIST = 40;

const parse = createParser();

/** The blocks that each container shows at present, so that a growing text redraws its end alone. */
/** @type {WeakMap<Element, string[]>} */
const shown = new WeakMap();

/**
 * Show a text in a container, touching only what differs from what it showed before.
 *
 * @param {Element} container
 * @param {string} text
 * @param {MarkdownOptions} [options]
 */
export function showMarkdown(container, text, options = {}) {
  const blocks = outermost(parse(text));
  const wanted = blocks.map((block) => JSON.stringify(block));
  const before = options.redraw ? [] : (shown.get(container) ?? []);
  let same = 0;
  while (same < wanted.length && wanted[same] === before[same]) same += 1;
  while (container.childNodes.length > same) container.lastChild?.remove();
  container.append(...blocks.slice(same).flatMap((block) => build(block, options).map(boxed)));
  shown.set(container, wanted);
}

/** @param {Node} node a block @returns {Node} the same, in a box that scrolls where it is wide or long */
function boxed(node) {
  if (!(node instanceof HTMLElement)) return node;
  const long = (node.tagName === "UL" || node.tagName === "OL") && node.childElementCount > LONG_LIST;
  const box = long ? h("div", { class: "list-scroll scrolls", tabindex: 0 }, node) : node;
  for (const each of [box, ...box.querySelectorAll(".scrolls")]) {
    if (each instanceof HTMLElement && each.classList.contains("scrolls")) watchOverflow(each);
  }
  return box;
}

/** @param {HTMLElement} block of code @param {NonNullable<MarkdownOptions["copyBlocks"]>} words @returns {HTMLElement} with a button that copies it */
function withCopyButton(block, words) {
  const button = h("button", { type: "button", class: "copy-block", title: words.copyBlock }, words.copy);
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(block.textContent ?? "")) ? words.copied : words.copyRefused;
    setTimeout(() => (button.textContent = words.copy), 2000);
  });
  return h("div", { class: "code-block" }, block, button);
}

/** @param {Token[]} tokens @returns {Token[][]} one for each outermost block */
function outermost(tokens) {
  /** @type {Token[][]} */
  const blocks = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0) blocks.push([]);
    blocks[blocks.length - 1].push(token);
    depth += token.nesting;
  }
  return blocks;
}

/** @param {Token[]} tokens balanced @param {MarkdownOptions} options @returns {Node[]} */
function build(tokens, options) {
  const root = document.createDocumentFragment();
  /** @type {Node[]} */
  const open = [root];
  for (const [at, token] of tokens.entries()) {
    const parent = open[open.length - 1];
    if (token.nesting < 0) open.pop();
    else if (token.nesting > 0) {
      const node = opened(token);
      if (node !== null) parent.appendChild(node);
      open.push(node === null ? parent : innermost(node));
    } else for (const node of leaves(token, tokens[at - 1], tokens[at + 1], options)) parent.appendChild(node);
  }
  return [...root.childNodes];
}

/** @param {Token} token that has others inside @returns {HTMLElement | null} null where those stand in its place */
function opened(token) {
  switch (token.type) {
    case "heading_open": // The page's own title is the h1.
      return h(/** @type {"h2"} */ (`h${Math.min(6, Number(token.tag[1]) + 1)}`));
    case "paragraph_open":
      return token.hidden ? null : h("p");
    case "ordered_list_open":
      return h("ol", { start: token.attrGet("start") });
    case "table_open":
      return h("div", { class: "table-scroll scrolls", tabindex: 0 }, h("table"));
    case "th_open":
    case "td_open":
      return h(/** @type {"td"} */ (token.tag), { class: ALIGNED[String(token.attrGet("style"))] ?? "" });
    case "link_open":
      return anchor(String(token.attrGet("href")));
    default:
      return h(/** @type {"ul"} */ (token.tag));
  }
}

/** @type {Record<string, string>} */
const ALIGNED = { "text-align:center": "align-centre", "text-align:right": "align-right" };

/** @param {HTMLElement} element @returns {Element} where what is inside goes: a table stands in a box that scrolls */
const innermost = (element) => element.querySelector("table") ?? element;

/**
 * @param {Token} token without others inside @param {Token | undefined} before @param {Token | undefined} after its neighbours
 * @param {MarkdownOptions} options @returns {Node[]}
 */
function leaves(token, before, after, options) {
  switch (token.type) {
    case "inline":
      return build(token.children ?? [], options);
    case "fence": {
      const language = token.info.trim().split(/\s/)[0];
      const code = h("code", {}, token.content.replace(/\n$/, ""));
      const block = h("pre", { class: "scrolls", tabindex: 0, "data-language": language }, code);
      return [options.copyBlocks ? withCopyButton(block, options.copyBlocks) : block];
    }
    case "code_inline":
      return [h("code", {}, token.content)];
    case "citation":
      return [options.citation?.(Number(token.content)) ?? document.createTextNode(`[${token.content}]`)];
    case "softbreak":
      return runsOn(before?.content.slice(-1) ?? "", after?.content[0] ?? "") ? [] : [document.createTextNode("\n")];
    case "hardbreak":
      return [h("br")];
    case "hr":
      return [h("hr")];
    case "image": { // An image is never loaded: it shows as a link to it.
      const label = build(token.children ?? [], {});
      const link = anchor(String(token.attrGet("src")));
      link?.append(...label);
      return link === null ? label : [link];
    }
    default:
      return [document.createTextNode(token.content)];
  }
}

/** @param {string} address @returns {HTMLElement | null} null for anything but http and https */
function anchor(address) {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return null;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" });
}
