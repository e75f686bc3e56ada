"""From a sentence to what can be read alone: its list, its short paragraph, the code that it leads to."""

from itertools import takewhile

from memory.blocks import Block, blocks_of

__all__ = ["widen"]

LONGEST_LIST, LONGEST_PARAGRAPH = 900, 420
"""Most characters of a list with its lead, and of a paragraph or a listing, that are taken whole."""


def widen(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a sentence to its list with the line that leads to it, or to its paragraph, where that is short.

    A table's row stays as it is. A paragraph that ends with a colon takes the list or listing after it along.

    Args:
        text: of a passage.
        start: first character of the sentence, 0-based offset into `text`.
        end: one past the last character.

    Returns:
        (start, end) of the whole, never less than what was given.
    """
    blocks = blocks_of(text)
    at = next((index for index, block in enumerate(blocks) if block.start <= start < block.end), None)
    if at is None or blocks[at].kind == "table":
        return start, end
    first, last = _group(text, blocks, at)
    whole = blocks[first].start, max(end, blocks[last].end)
    if first != last and whole[1] - whole[0] <= LONGEST_LIST:
        return whole
    alone = blocks[at].start, max(end, blocks[at].end)
    return alone if alone[1] - alone[0] <= LONGEST_PARAGRAPH else (start, end)


def _group(text: str, blocks: list[Block], at: int) -> tuple[int, int]:
    """First and last of the blocks that belong together with the block `at`: a list, a listing, what leads to it."""
    first = last = at
    if blocks[at].kind == "item":
        first -= sum(1 for _ in takewhile(_is_item, reversed(blocks[:at])))
        last += sum(1 for _ in takewhile(_is_item, blocks[at + 1 :]))
    elif _leads(text, blocks[at]) and at + 1 < len(blocks):
        after = blocks[at + 1]
        last += sum(1 for _ in takewhile(_is_item, blocks[at + 1 :])) if _is_item(after) else int(after.kind == "code")
    if first > 0 and blocks[first].kind in ("item", "code") and _leads(text, blocks[first - 1]):
        first -= 1
    return first, last


def _is_item(block: Block) -> bool:
    return block.kind == "item"


def _leads(text: str, block: Block) -> bool:
    return block.kind == "paragraph" and text[block.start : block.end].rstrip().endswith((":", "："))
