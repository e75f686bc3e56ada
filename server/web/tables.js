/** Reads GitHub's Markdown tables. */

/** @typedef {{ align: string[], head: string[], rows: string[][] }} Table `align` holds class names, "" for none */

/** @param {string[]} lines @param {number} at @returns {boolean} whether a table's head stands here */
export function startsTable(lines, at) {
  const [head, delimiter] = [lines[at], lines[at + 1]];
  if (!head.includes("|") || delimiter === undefined || !delimiter.includes("-")) return false;
  const sides = splitRow(delimiter);
  return sides.every((side) => /^:?-+:?$/.test(side)) && splitRow(head).length === sides.length;
}

/** @param {string[]} lines @param {number} at @returns {[Table, next: number]} */
export function readTable(lines, at) {
  const align = splitRow(lines[at + 1]).map(alignment);
  let next = at + 2;
  while (next < lines.length && lines[next].includes("|")) next += 1;
  const rows = lines.slice(at + 2, next).map(splitRow);
  return [{ align, head: splitRow(lines[at]), rows }, next];
}

/** @param {string} delimiter @returns {string} */
function alignment(delimiter) {
  if (!delimiter.endsWith(":")) return "";
  return delimiter.startsWith(":") ? "align-centre" : "align-right";
}

/** @param {string} line @returns {string[]} its cells; a bar behind a backslash or inside code does not part them */
function splitRow(line) {
  const cells = [""];
  let inCode = false;
  const row = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  for (let at = 0; at < row.length; at += 1) {
    if (row[at] === "`") inCode = !inCode;
    if (row[at] === "\\" && row[at + 1] === "|") {
      cells[cells.length - 1] += "|";
      at += 1;
    } else if (row[at] === "|" && !inCode) cells.push("");
    else cells[cells.length - 1] += row[at];
  }
  return cells.map((cell) => cell.trim());
}
