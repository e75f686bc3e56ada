/** The API key that the page calls with, for as long as its tab is open; without one it is the person at this machine. */

const SLOT = "chargehand-key";

/** Where the browser keeps nothing for this page, the key lasts until it is reloaded. @type {string | null} */
let key = null;
try {
  key = sessionStorage.getItem(SLOT);
} catch {
  key = null;
}

/** @returns {Record<string, string>} the headers that say who calls */
export const authorization = () => bearer(key);

/** @param {string | null} value @returns {Record<string, string>} */
export const bearer = (value) => (value === null ? {} : { authorization: `Bearer ${value}` });

/** @returns {boolean} */
export const hasKey = () => key !== null;

/** @param {string | null} value null to act as the person at this machine again */
export function keepKey(value) {
  key = value;
  try {
    if (value === null) sessionStorage.removeItem(SLOT);
    else sessionStorage.setItem(SLOT, value);
  } catch {
    return; // Storage is switched off.
  }
}
