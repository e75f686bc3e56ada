/** The cue that more of a box is to be scrolled to: its edge fades where something is hidden behind it. */

/** Pixels that a box may be short of its end and still count as being there. */
const NEAR_PX = 2;

/**
 * Keep `data-more` of a box that scrolls at the sides where more of it is: "left", "right", "up", "down".
 *
 * @param {HTMLElement} box
 */
export function watchOverflow(box) {
  function tell() {
    const right = box.scrollWidth - box.clientWidth - box.scrollLeft;
    const down = box.scrollHeight - box.clientHeight - box.scrollTop;
    const sides = [
      box.scrollLeft > NEAR_PX ? "left" : "",
      right > NEAR_PX ? "right" : "",
      box.scrollTop > NEAR_PX ? "up" : "",
      down > NEAR_PX ? "down" : "",
    ];
    const more = sides.filter((side) => side !== "").join(" ");
    if (more === "") delete box.dataset.more;
    else box.dataset.more = more;
  }
  box.addEventListener("scroll", tell, { passive: true });
  const seen = new ResizeObserver(tell);
  seen.observe(box);
  for (const child of box.children) seen.observe(child);
  new MutationObserver(tell).observe(box, { childList: true });
}
