/** Questions to begin with, on an empty thread. */

import { h } from "./dom.js";

const EXAMPLES = [
  { about: "Troubleshooting", text: "How do I exchange the fan of the SE50?" },
  { about: "Licences", text: "May we ship qwen2.5-3b in a product?" },
  { about: "Models", text: "Which models can this hub serve now?" },
  { about: "手册", text: "SE30 的工作温度范围是多少？", lang: "zh" },
];

/** @param {HTMLElement} list @param {(text: string) => void} onChoose */
export function createExamples(list, onChoose) {
  for (const { about, text, lang } of EXAMPLES) {
    const button = h(
      "button",
      { type: "button", class: "example", lang },
      h("span", { class: "about" }, about),
      h("span", {}, text),
    );
    button.addEventListener("click", () => onChoose(text));
    list.append(h("li", {}, button));
  }
}
