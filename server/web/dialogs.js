/** Asks before something is lost. */

import { byId } from "./dom.js";

/**
 * @param {{ title: string, text: string, action: string }} question `action` names the button that goes on
 * @returns {Promise<boolean>} whether the user chose it
 */
export function confirmChoice({ title, text, action }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-go").textContent = action;
  dialog.returnValue = "cancel";
  dialog.showModal();
  byId("confirm-cancel").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}
