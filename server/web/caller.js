/**
 * Who the page acts as: the person at the hub's machine, or the holder of an API key.
 *
 * @import { Caller } from "./types.js"
 */

import { HubError, getStatusWith } from "./api.js";
import { byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { hasKey, keepKey } from "./key.js";

/**
 * @param {HTMLButtonElement} button shows who it is, and opens the dialog
 * @param {() => void} onChange somebody else acts from now on
 */
export function createCaller(button, onChange) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("sign-in"));
  const form = /** @type {HTMLFormElement} */ (byId("sign-in-form"));
  const field = /** @type {HTMLInputElement} */ (byId("sign-in-key"));
  const go = /** @type {HTMLButtonElement} */ (byId("sign-in-go"));
  const error = byId("sign-in-error");
  /** @type {string | null} */
  let principal = null;

  /** @param {Caller | undefined} caller */
  function show(caller) {
    principal = caller?.principal ?? null;
    const name = principal ?? "Sign in";
    button.replaceChildren(icon("person"), h("span", { class: "caller-name" }, name));
    button.setAttribute("aria-label", principal === null ? "Sign in" : `You are ${principal}; sign in as somebody else`);
    button.title = caller ? `${caller.principal}, tenant ${caller.tenant}: ${caller.scopes.length} rights` : "";
    button.classList.toggle("with-key", hasKey());
  }

  function open() {
    const local = principal === "local" ? "You act as the person at the hub's machine." : `You act as ${principal}.`;
    byId("sign-in-text").textContent =
      `${principal === null ? "This hub answers only to API keys." : local} With an API key the page acts as its holder,` +
      " with their rights.";
    byId("sign-out").hidden = !hasKey();
    error.textContent = "";
    field.value = "";
    dialog.showModal();
    field.focus();
  }

  /** @param {string | null} key */
  function become(key) {
    keepKey(key);
    field.value = "";
    dialog.close();
    onChange();
  }

  async function submit() {
    const key = field.value.trim();
    if (key === "") return field.focus();
    go.disabled = true;
    try {
      await getStatusWith(key);
    } catch (failure) {
      if (!(failure instanceof HubError)) throw failure;
      error.textContent = `${failure.message} ${failure.advice}`.trim();
      return field.focus();
    } finally {
      go.disabled = false;
    }
    become(key);
  }

  button.addEventListener("click", open);
  byId("sign-in-cancel").addEventListener("click", () => dialog.close());
  byId("sign-out").addEventListener("click", () => become(null));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  show(undefined);
  return { show, principal: () => principal };
}
