/** Times as people say them, in the browser's time zone. */

const DAY_MS = 86_400_000;

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** @param {Date} date */
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** @param {string} iso @param {Date} now @returns {number} whole days ago, 0 for today */
const daysAgo = (iso, now) => Math.round((midnight(now) - midnight(new Date(iso))) / DAY_MS);

/** @param {string} iso ISO 8601 @param {Date} now @returns {string} the heading it stands under */
export function dayGroup(iso, now) {
  const ago = daysAgo(iso, now);
  if (ago <= 0) return "Today";
  if (ago === 1) return "Yesterday";
  return ago < 7 ? "Earlier this week" : "Older";
}

/** @param {string} iso ISO 8601 @param {Date} now @returns {string} the hour for the last two days, else the day */
export const clock = (iso, now) => (daysAgo(iso, now) <= 1 ? hours : days).format(new Date(iso));

/** @param {string} iso ISO 8601 @param {string} [locale] the browser's own where left out @returns {string} */
export const fullTime = (iso, locale) =>
  (locale === undefined ? full : new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" })).format(
    new Date(iso),
  );
