/** The panel at the right: opens with any content, closes with Esc, and gives the focus back to what opened it. */

/**
 * @param {object} elements
 * @param {HTMLElement} elements.panel
 * @param {HTMLElement} elements.title
 * @param {HTMLElement} elements.subtitle
 * @param {HTMLElement} elements.content
 * @param {HTMLButtonElement} elements.closeButton
 * @param {HTMLElement[]} elements.behind what a narrow screen hides behind the panel
 * @param {HTMLElement} elements.fallback gets the focus when the opener is gone
 */
export function createPanel({ panel, title, subtitle, content, closeButton, behind, fallback }) {
  const narrow = matchMedia("(max-width: 1100px)");
  /** @type {HTMLElement | null} */
  let opener = null;

  function coverRest() {
    for (const element of behind) element.inert = !panel.hidden && narrow.matches;
  }

  function close() {
    if (panel.hidden) return;
    panel.hidden = true;
    coverRest();
    content.replaceChildren();
    (opener?.isConnected ? opener : fallback).focus();
    opener = null;
  }

  narrow.addEventListener("change", coverRest);
  closeButton.addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    close();
  });

  return {
    close,
    /**
     * @param {object} what
     * @param {string} what.heading
     * @param {string} what.note
     * @param {Node[]} what.children
     * @param {HTMLElement} [what.from] what opened it; left out, the earlier opener stays
     */
    show({ heading, note, children, from }) {
      title.textContent = heading;
      subtitle.textContent = note;
      content.replaceChildren(...children);
      opener = from ?? opener;
      if (!panel.hidden) return;
      panel.hidden = false;
      coverRest();
      closeButton.focus();
    },
  };
}

/** @typedef {ReturnType<typeof createPanel>} Panel */
