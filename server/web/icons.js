/** The page's icons, drawn on a 16 by 16 grid with strokes in the text's colour. */

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} */
const PATHS = {
  alert: "M8 2.2 14.4 13.3H1.6ZM8 6.3v3.4M8 11.4v.2",
  back: "M10 3.5 5.5 8l4.5 4.5",
  check: "M3.2 8.4 6.6 11.8 12.8 4.8",
  chevron: "M6 3.5 10.5 8 6 12.5",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M6 5.5h7.5v8H6ZM10.5 5.5v-3H2.5v8H6",
  document: "M4 1.8h5.2L12.5 5v9.2H4ZM9 2v3.2h3.3M6.2 8.2h4M6.2 10.8h4",
  down: "M8 3v9.5M4 8.8 8 12.8l4-4",
  fork: "M4.5 5.2v5.6M11.5 5.2c0 3.2-7 1.6-7 4.4M4.5 5.2a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2ZM11.5 5.2a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2ZM4.5 14a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2Z",
  info: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 7.4v3.8M8 4.9v.2",
  person: "M8 7.6a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.9 14a5.1 5.1 0 0 1 10.2 0",
  pen: "M2.8 13.2 3.6 10 10.8 2.8l2.4 2.4L6 12.4Z",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2.2v3h-3",
  stop: "M4.5 4.5h7v7h-7Z",
  tool: "M13.4 4.4 11.2 6.6 9.4 4.8l2.2-2.2A3.6 3.6 0 0 0 6.9 7.2l-4.6 4.6 1.9 1.9 4.6-4.6a3.6 3.6 0 0 0 4.6-4.7Z",
  trash: "M2.8 4.2h10.4M6.2 4V2.4h3.6V4M4.2 4.4l.6 9.2h6.4l.6-9.2M6.8 6.8v4.4M9.2 6.8v4.4",
  eye: "M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4ZM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z",
};

/**
 * @param {string} name a key of PATHS
 * @returns {SVGSVGElement} hidden from screen readers; the button around it carries the name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
