/** Converts the hub's offsets (Unicode code points) to JavaScript's (UTF-16 units). */

/**
 * The UTF-16 index of the code point with this number.
 *
 * @param {string} text
 * @param {number} offset 0-based; below 0 counts as 0, past the end as the end
 * @returns {number} an index into `text`, never inside a surrogate pair
 */
export function unitIndex(text, offset) {
  let index = 0;
  for (let seen = 0; seen < offset && index < text.length; seen += 1) {
    index += /** @type {number} */ (text.codePointAt(index)) > 0xffff ? 2 : 1;
  }
  return index;
}

/**
 * Cut a text in three at two code point offsets.
 *
 * @param {string} text
 * @param {number} start
 * @param {number} end below `start` counts as `start`
 * @returns {[before: string, inside: string, after: string]}
 */
export function cutAt(text, start, end) {
  const from = unitIndex(text, start);
  const to = Math.max(from, unitIndex(text, end));
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}
