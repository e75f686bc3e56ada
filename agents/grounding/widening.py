"""Quote expansion: from a sentence to its list, paragraph, error code or procedure."""

import re
from itertools import takewhile

from memory.documents.blocks import Block, blocks_of

_NUMBERED = re.compile(r"\s*\d{1,2}[.)、]\s")

LONGEST_LIST, LONGEST_PARAGRAPH = 900, 420
"""Most characters of a list with its lead, and of a paragraph or a listing, that are taken whole."""

LONGEST_TITLE = 60
"""Most characters of a line without a full stop that is taken for a heading."""

_ENDED = re.compile(r"[.!?:;,。！？：；，][\"'”’)]*\s*$|^\s*[`|]")

LONGEST_PROCEDURE = 2000
"""Most characters of a whole list with what introduces it."""


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
    if _is_title(text, blocks[at]) and at + 1 < len(blocks) and blocks[at + 1].kind != "table":
        at += 1
        start, end = min(start, blocks[at - 1].start), max(end, blocks[at].end)
    first, last = _group(text, blocks, at)
    whole = min(start, blocks[first].start), max(end, blocks[last].end)
    if first != last and whole[1] - whole[0] <= LONGEST_LIST:
        return whole
    alone = min(start, blocks[at].start), max(end, blocks[at].end)
    return alone if alone[1] - alone[0] <= LONGEST_PARAGRAPH else (start, end)


def widen_to_procedure(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Widen a sentence to the whole list that it stands in or introduces, with all that stands under its items.

    The short paragraph before a list introduces it, whether or not it ends with a colon.

    Args:
        text: of a section.
        start: first character of the sentence, 0-based offset into `text`.
        end: one past the last character.

    Returns:
        (start, end) of the whole; None where there is no such list, or a very long one.
    """
    blocks = blocks_of(text)
    for first, last in _lists(text, blocks):
        before = blocks[first - 1] if first > 0 else None
        begins = before.start if before and _introduces(before) else blocks[first].start
        if begins <= start < blocks[last].end:
            whole = begins, max(end, blocks[last].end)
            return whole if whole[1] - whole[0] <= LONGEST_PROCEDURE else None
    return None


def has_steps(text: str) -> bool:
    """Whether a text has two numbered items at least."""
    return sum(bool(_is_item(block) and _NUMBERED.match(text, block.start)) for block in blocks_of(text)) > 1


def _lists(text: str, blocks: list[Block]) -> list[tuple[int, int]]:
    """First and last block of each list: items, what is indented under them, code that one of them leads to."""
    found: list[tuple[int, int]] = []
    for index, block in enumerate(blocks):
        before = blocks[index - 1] if found and found[-1][1] == index - 1 else None
        leads = before is not None and text[before.start : before.end].rstrip().endswith((":", "："))
        if before and (_is_item(block) or text[block.start] in " \t" or (block.kind == "code" and leads)):
            found[-1] = found[-1][0], index
        elif _is_item(block):
            found.append((index, index))
    return found


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


def _is_title(text: str, block: Block) -> bool:
    """Whether a block is a line that stands over what follows it, in a text without marks for headings."""
    line = text[block.start : block.end]
    return block.kind == "paragraph" and len(line) <= LONGEST_TITLE and not _ENDED.search(line) and "\n" not in line


def _introduces(block: Block) -> bool:
    return block.kind == "paragraph" and block.end - block.start <= LONGEST_PARAGRAPH


def _is_item(block: Block) -> bool:
    return block.kind == "item"


def _leads(text: str, block: Block) -> bool:
    return block.kind == "paragraph" and text[block.start : block.end].rstrip().endswith((":", "："))
