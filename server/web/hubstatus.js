/**
 * The hub's model and documents in the page's head, and a banner while the hub cannot be reached.
 *
 * @import { Status } from "./types.js"
 */

import { HubError, getStatus } from "./api.js";
import { createFailure } from "./callouts.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const RETRY_MS = 5000;

/** @typedef {{ message: string, advice: string }} Told */

/**
 * @param {{ model: HTMLElement, documents: HTMLButtonElement, banner: HTMLElement }} elements
 * @param {() => void} onBack called when the hub answers again after it did not
 * @param {(status: Status) => void} onStatus
 * @returns {{
 *   refresh: () => Promise<void>, answered: () => void, warn: (failure: Told) => void, clearWarning: () => void
 * }} `answered` is for who just heard from the hub: a banner that says otherwise goes at once
 */
export function createHubStatus({ model, documents, banner }, onBack, onStatus) {
  let lost = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Status} status */
  function show(status) {
    model.textContent = status.model.name;
    model.title = status.model.reason;
    model.classList.remove("lost");
    documents.hidden = false;
    documents.replaceChildren(
      icon("document"),
      String(status.documents),
      h("span", { class: "word" }, status.documents === 1 ? "document" : "documents"),
    );
    documents.title = `${status.chunks} passages; show the list`;
    onStatus(status);
  }

  /** @param {Told} failure @param {Parameters<typeof createFailure>[1]} action */
  function showBanner(failure, action) {
    banner.replaceChildren(createFailure(failure, action));
    banner.hidden = false;
  }

  async function refresh() {
    clearTimeout(timer);
    try {
      show(await getStatus());
      if (!lost) return;
      lost = false;
      banner.hidden = true;
      onBack();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      if (!lost) showBanner(error, { label: "Try again", onclick: refresh });
      lost = true;
      model.textContent = error.status === 401 ? "Not signed in" : "Hub not reached";
      model.classList.add("lost");
      documents.hidden = true;
      timer = setTimeout(refresh, RETRY_MS);
    }
  }

  function clearWarning() {
    if (!lost) banner.hidden = true;
  }

  return {
    refresh,
    answered: () => void (lost && refresh()),
    clearWarning,
    warn: (failure) => showBanner(failure, { label: "Dismiss", iconName: "close", onclick: clearWarning }),
  };
}
