/** The side bar as a drawer, on screens too narrow to keep it open. */

/**
 * @param {object} elements
 * @param {HTMLElement} elements.sidebar
 * @param {HTMLElement} elements.scrim what dims the rest
 * @param {HTMLElement} elements.main
 * @param {HTMLButtonElement} elements.openButton
 * @param {HTMLButtonElement} elements.closeButton
 * @returns {{ close: () => void }}
 */
export function createSidebar({ sidebar, scrim, main, openButton, closeButton }) {
  const narrow = matchMedia("(max-width: 800px)");

  /** @param {boolean} open */
  function set(open) {
    const covers = open && narrow.matches;
    sidebar.classList.toggle("open", covers);
    sidebar.inert = narrow.matches && !open;
    scrim.hidden = !covers;
    main.inert = covers;
    openButton.setAttribute("aria-expanded", String(covers));
  }

  function close() {
    const wasOpen = sidebar.classList.contains("open");
    set(false);
    if (wasOpen) openButton.focus();
  }

  openButton.addEventListener("click", () => {
    set(true);
    closeButton.focus();
  });
  closeButton.addEventListener("click", close);
  scrim.addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && sidebar.classList.contains("open") && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      close();
    }
  });
  narrow.addEventListener("change", () => set(false));
  set(false);
  return { close };
}
