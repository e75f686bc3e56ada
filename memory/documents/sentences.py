"""Sentence boundaries in English and Chinese, by rules; in Markdown or extracted text alike."""

import re
from collections.abc import Iterator
from itertools import pairwise

from memory.documents.blocks import BULLET, Block, blocks_of, line_spans

_CLOSING = r"[\"'”’)\]}*_`」』）】》〉]*"
_STOP = re.compile(rf"(?P<chinese>[。！？；｡]+|…{{2,}}){_CLOSING}|(?<![.!?…])(?P<point>[.!?…]++){_CLOSING}+(?=\s|$)")
_WORD = re.compile(r"[^\s\"'“‘(\[{（「『《*_`]*$")
_LOWER = re.compile(r"[\s\"'“‘(\[*_]*[a-zß-öø-ÿ]")
_FIGURE = re.compile(r"\s*[#(]?\d")
_TITLES_AND_THE_LIKE = "al approx ca cf dr e.g eg esp i.e ie incl mr mrs ms prof resp st viz vs"
_NEVER_LAST = frozenset(_TITLES_AND_THE_LIKE.split())
_REFERENCES_AND_MONTHS = (
    "apr art aug ch dec eq eqs feb fig figs jan jul jun mar nos no nov nr oct p para pos pp ref refs rev sec sect sep"
    " sept step tab v ver vol"
)
_BEFORE_FIGURES = frozenset(_REFERENCES_AND_MONTHS.split())
_OPENER = re.compile(
    r"\s+(?:A|After|An|And|As|At|Before|But|By|Do|For|From|He|How|If|In|It|Its|No|Not|On|See|She|That|The|Then|There"
    r"|These|They|This|Those|To|Use|We|What|When|Where|While|With|Without|You|Your)\b"
)
"""Words that begin sentences far more often than they are surnames."""
_SEPARATOR = re.compile(r"[\s|:=+-]*$")
_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")
_CHINESE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_OPENS = re.compile(r"\s*[\"'“‘(\[*_`]*(?:[A-ZÀ-ÖØ-Þ0-9]|[^\x00-ɏ])")
_LABEL = re.compile(r"\s*[A-Z][\w -]{0,24}:\s")
_PROSE = ("item", "paragraph")
_LONGEST_ABBREVIATION = 24
_DEEPEST_ITEM = 16
_SLACK = 4
"""Columns by which wrapped lines of Chinese may fall short."""
_ALIKE = 1.3
"""Blocks whose widest lines differ by a larger ratio were not wrapped alike."""


_GAP = re.compile("⟦[^⟦⟧\n]{1,40}⟧")


def gap(missing: str) -> str:
    """What a parser writes where something stands that it cannot read, such as a "formula"."""
    return f"⟦{missing} not readable⟧"


def sentences(text: str, offset: int = 0) -> list[tuple[int, int]]:
    """Find the sentences of a text.

    A list item begins a sentence (its bullet is left out, its number is not); each table row and each line of code is
    one. A line break ends one only where the line was broken on purpose: the next word would still have fitted.
    Headings, rules, fences and the rows between a table's head and body are none, nor is what has a gap: where a
    formula could not be read, the words around it say something else.

    Args:
        text: readable text, such as a chunk's.
        offset: added to each position, such as a chunk's `start`.

    Returns:
        (start, end) of each, in order, without overlap or surrounding blanks.
    """
    found: list[tuple[int, int]] = []
    blocks = _with_torn_code(text, blocks_of(text))
    wrapped_at = max((_widest(text, block) for block in blocks if block.kind in _PROSE), default=0)
    for block in blocks:
        if block.kind in ("table", "code"):
            spans = [
                span
                for span in line_spans(text, block.start, block.end)
                if not _SEPARATOR.match(text, *span) and not (block.kind == "code" and _FENCE.match(text, *span))
            ]
        elif block.kind in _PROSE:
            spans = list(_prose(text, block, wrapped_at))
        else:
            continue
        found.extend(_trimmed(text, *span) for span in spans)
    whole = [span for span in found if not _GAP.search(text, *span)]
    return [(start + offset, end + offset) for start, end in whole if start < end]


def _with_torn_code(text: str, blocks: list[Block]) -> list[Block]:
    """Where a lone fence closes a text whose beginning was cut off, all before it is code."""
    if blocks and blocks[-1].kind == "code" and _FENCE.fullmatch(text[blocks[-1].start : blocks[-1].end].rstrip()):
        return [Block("code", blocks[0].start, blocks[-1].end)]
    return blocks


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    words = text[start:end]
    return start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())


def _prose(text: str, block: Block, wrapped_at: int) -> Iterator[tuple[int, int]]:
    start = block.start
    bullet = BULLET.match(text, start, block.end)
    if bullet:
        start = bullet.end()
    breaks = _deliberate_breaks(text, start, block, wrapped_at)
    stops = _STOP.finditer(text, start, block.end)
    ends = {stop.end() for stop in stops if _ends_sentence(text, start, block.end, stop)}
    for end in sorted(ends.union(breaks, [block.end])):
        yield start, end
        start = end


def _ends_sentence(text: str, start: int, end: int, stop: re.Match[str]) -> bool:
    """Tell whether a run of full stops and closing marks ends a sentence of `text[start:end]`."""
    if stop["chinese"] or stop.end() == end:
        return True
    if _LOWER.match(text, stop.end(), end):
        return False
    return stop["point"] != "." or not _abbreviates(text, start, end, stop)


def _abbreviates(text: str, start: int, end: int, stop: re.Match[str]) -> bool:
    """Tell whether a full stop belongs to the word before it."""
    before = _WORD.search(text, max(start, stop.start() - _LONGEST_ABBREVIATION), stop.start())
    word = before[0].lower() if before else ""
    if _FIGURE.match(text, stop.end(), end) and word in _BEFORE_FIGURES:
        return True
    first = stop.start() - len(word)
    if len(word) == 1 and text[first].isascii() and text[first].isupper():
        # An initial, unless it is a unit or plainly the end: "J. Smith", but "12 V. See" and "revision D. It".
        is_unit = text[max(start, first - 2) : first].strip().isdigit()
        return not is_unit and not _OPENER.match(text, stop.end(), end)
    if word.isdigit():  # as the number of a list item
        line = max(start, text.rfind("\n", start, first) + 1)
        return first - line <= _DEEPEST_ITEM and not text[line:first].strip()
    return word in _NEVER_LAST


def _deliberate_breaks(text: str, start: int, block: Block, wrapped_at: int) -> set[int]:
    """Find the line breaks that no wrapping explains: the next line's first word would have fitted."""
    if text.find("\n", start, block.end) < 0:
        return set()
    width = _widest(text, block)
    if wrapped_at <= _ALIKE * width:
        width = wrapped_at
    broken: set[int] = set()
    for (first, last), (after, until) in pairwise(line_spans(text, start, block.end)):
        line, following = text[first:last], text[after:until]
        word = following.split(maxsplit=1)[0]
        needed = _width(line.rstrip()) + (_SLACK if _CHINESE.match(word) else _width(word) + 1)
        goes_on = line.rstrip().endswith((",", "，", "、")) or not _OPENS.match(following)
        if line.endswith(("  ", "\\")) or _LABEL.match(following) or (needed <= width and not goes_on):
            broken.add(last)
    return broken


def _widest(text: str, block: Block) -> int:
    return max(_width(text[start:end].rstrip()) for start, end in line_spans(text, block.start, block.end))


def _width(line: str) -> int:
    """Columns of a line; Chinese characters take two."""
    return len(line) + (0 if line.isascii() else len(_CHINESE.findall(line)))
