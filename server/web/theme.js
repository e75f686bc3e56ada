/** Light or dark: the system's choice, unless the user has switched away from it. */

const KEY = "chargehand-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light" | "dark" | null} null where none is kept, or the browser keeps nothing for this page */
function keptTheme() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null;
  }
}

/** @param {"light" | "dark"} theme kept only while it differs from the system's */
function keepTheme(theme) {
  try {
    if (theme === systemTheme()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    return; // Storage is switched off: the choice lasts as long as the page.
  }
}

const systemTheme = () => (dark.matches ? "dark" : "light");

/**
 * Show the right theme, now and whenever the system's changes, and let the button switch it.
 *
 * @param {HTMLButtonElement} button
 */
export function startTheme(button) {
  /** @param {"light" | "dark"} theme */
  function show(theme) {
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} theme`);
  }
  show(keptTheme() ?? systemTheme());
  dark.addEventListener("change", () => show(keptTheme() ?? systemTheme()));
  button.addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    keepTheme(theme);
    show(theme);
  });
}
