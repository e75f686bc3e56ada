/**
 * Questions to begin with, on an empty thread: from what the hub's documents hold, and what it can do without any.
 *
 * @typedef {{ about: string, text: string, language: "en" | "zh" }} Example
 */

import { HubError, listExamples } from "./api.js";
import { h } from "./dom.js";

/** @type {Example[]} */
const WITHOUT_DOCUMENTS = [
  { about: "Models", text: "Which models can this hub serve now?", language: "en" },
  { about: "Help", text: "What can you do?", language: "en" },
];

const WELCOME =
  "Ask about the machines, the models and the rules. Every answer is checked against your documents, and says where it" +
  " stands in them.";
const EMPTY =
  "Nothing was ingested yet, so no question about documents can be answered. On the hub's machine, run ";

/**
 * @param {{ list: HTMLElement, text: HTMLElement }} elements
 * @param {(text: string) => void} onChoose
 */
export function createExamples({ list, text }, onChoose) {
  let shown = "";

  /** @param {Example} example */
  function createItem({ about, text: words, language }) {
    const button = h(
      "button",
      { type: "button", class: "example", lang: language, onclick: () => onChoose(words) },
      h("span", { class: "about" }, about),
      h("span", {}, words),
    );
    return h("li", {}, button);
  }

  /** @returns {Promise<Example[]>} none where the documents are not ours to read */
  async function ofDocuments() {
    try {
      return await listExamples();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return [];
    }
  }

  return {
    /** @param {{ documents: number, who: string }} held what the hub holds now, and who looks at it */
    async refresh({ documents, who }) {
      const wanted = `${documents} ${who}`;
      if (wanted === shown) return;
      shown = wanted;
      const found = documents === 0 ? [] : await ofDocuments();
      if (wanted !== shown) return;
      if (documents > 0) text.textContent = WELCOME;
      else text.replaceChildren(EMPTY, h("code", {}, "chargehand ingest PATH"), " and ask again.");
      list.replaceChildren(...[...found, ...WITHOUT_DOCUMENTS].slice(0, 4).map(createItem));
    },
  };
}
