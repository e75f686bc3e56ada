"""Which sentences of the passages answer the question: extractive answers without a model."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.events import Citation
from agents.grounding.evidence import rank_sentences
from agents.grounding.matching import Covered
from agents.grounding.places import Place, places
from agents.grounding.question import Question, read_question, words_of_text
from agents.grounding.relevance import Rarity
from agents.grounding.tables import cells_of, rows_that_say_so
from agents.grounding.widening import widen, widen_to_procedure
from memory.documents.passages import Passage

_LIST_ITEM = re.compile(r"^\s*(?:[-*•+]|\d{1,3}[.)、]|[a-z][.)])\s", re.MULTILINE)
_ASKS_STEPS = re.compile(
    r"\bhow (?:do|can|should|to)\b|\bwhat (?:should|can|do) (?:i|we)\b|\bsteps?\b|怎么|如何|怎样|步骤|应该检查",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_POINTS_BACK = re.compile(
    r"\s*(?:it|its|they|their|them|this|these|that|those|then|there)\b|\s*[它该此这其]", re.IGNORECASE
)
_ENDED = re.compile(r"[.!?。！？][\"'”’」)]*\s*$")
_SURE, _SURELY_OWN = 0.9, 0.7
"""A sentence that covers so much of the question, with what is around it and alone, is quoted without its paragraph."""
_BEHIND = 0.08
"""A further quote is worth at most so much less than the first."""
_LEAST_COVERAGE = 0.5
"""A further quote covers at least this share of the question."""
_MENTIONED = 0.75
"""Least share of a subject's words that a sentence itself has to mention it."""
_SPEAKS_OF_BOTH = 0.5
_MOST_ROWS = 8
_SHORT = 25
"""Fewer characters do not show how something is mentioned."""
_LONGEST_SECTION = 1200
"""Most characters of a section that is quoted whole, where a summary is asked for."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A run of a passage's text.

    Attributes:
        passage: index into the passages.
        start: first character, 0-based offset into the document's text; a procedure may begin before its passage.
        end: one past the last character.
        score: 0 to 1, the share of the question that it covers.
        lead: what must stand over it to be read alone: a table's first row, a list's heading; not part of the text.
    """

    passage: int
    start: int
    end: int
    text: str
    score: float
    lead: str = ""


def asks_steps(question: str) -> bool:
    """Whether a question asks how to do something."""
    return bool(_ASKS_STEPS.search(question))


def _itself(passage: Passage) -> Passage:
    return passage


def select_quotes(
    question: str,
    passages: Sequence[Passage],
    rarity: Rarity,
    limit: int = 2,
    section_of: Callable[[Passage], Passage] = _itself,
) -> list[Quote]:
    """The sentence that most likely answers the question, and another only where it is nearly as good.

    Args:
        section_of: the whole section of a passage, where a procedure that is asked for goes on.

    Returns:
        The rows of a table of yes and no, where they answer. Else at most `limit` quotes, best first, from distinct
        places, each widened to its list or short paragraph, unless it says all by itself; where steps are asked for, to
        the whole procedure. Where the answer is yes or no, the sentence that decides begins.
    """
    asked = read_question(question)
    if rows := rows_that_say_so(asked, passages):
        return [_row_quote(index, place, passages[index]) for index, place in rows[:_MOST_ROWS]]
    ranked = rank_sentences(asked, passages, rarity)
    quotes: list[Quote] = []
    for one in ranked:
        behind = one.worth < ranked[0].worth - _BEHIND or one.covered.coverage < _LEAST_COVERAGE
        if len(quotes) == limit or (quotes and behind):
            break
        found = _quote(asked, one.covered, passages[one.covered.passage], section_of)
        whole = _widened(found, one.covered, passages[one.covered.passage])
        if not any(_overlap(whole, other, passages) for other in quotes):
            quotes.append(found)
    return quotes


def select_sides(sides: Sequence[str], passages: Sequence[Passage], rarity: Rarity) -> list[Quote]:
    """For each side of a comparison the sentence that says most of it and least of the others, in their order."""
    quotes: list[Quote] = []
    asked = [read_question(side) for side in sides]
    for question in asked:
        own = {term.name for term in question.terms}
        others = {term.name for other in asked for term in other.terms} - own
        best = max(
            (one for one in rank_sentences(question, passages, rarity) if one.covered.coverage >= _LEAST_COVERAGE),
            key=lambda one: one.worth + one.covered.own - _SPEAKS_OF_BOTH * _has(one.covered, passages, others),
            default=None,
        )
        if best is not None:
            whole = _quote(question, best.covered, passages[best.covered.passage], _itself)
            if not any(_overlap(whole, other, passages) for other in quotes):
                quotes.append(whole)
    return quotes


def _has(one: Covered, passages: Sequence[Passage], names: set[str]) -> bool:
    """Whether a sentence or its headings have one of the terms."""
    passage = passages[one.passage]
    return bool(names & {name for name, _ in words_of_text(f"{passage.title} {one.place.around} {one.place.text}")})


def select_section(
    question: str, passages: Sequence[Passage], rarity: Rarity, section_of: Callable[[Passage], Passage] = _itself
) -> list[Quote]:
    """The section that a summary is asked of, whole where it is short, else its passage."""
    ranked = rank_sentences(read_question(question), passages, rarity)
    if not ranked:
        return []
    best = ranked[0].covered
    passage = passages[best.passage]
    section = section_of(passage)
    whole = section if len(section.text) <= _LONGEST_SECTION else passage
    text = whole.text.strip()
    start = whole.start + whole.text.index(text)
    return [Quote(best.passage, start, start + len(text), text, best.coverage, _last_heading(passage))]


def select_mentions(subject: str, passages: Sequence[Passage], rarity: Rarity, limit: int = 10) -> list[Quote]:
    """The best sentence of each document that has all words of a subject in one sentence or over it."""
    asked = read_question(subject)
    quotes: dict[str, Quote] = {}
    for one in rank_sentences(asked, passages, rarity):
        passage = passages[one.covered.passage]
        place = one.covered.place
        if one.covered.own >= _MENTIONED and passage.document_id not in quotes:
            start, end = (
                widen(passage.text, place.start, place.end) if len(place.text) < _SHORT else (place.start, place.end)
            )
            text, lead = passage.text[start:end], _lead(passage, place)
            quotes[passage.document_id] = Quote(
                one.covered.passage, passage.start + start, passage.start + end, text, one.covered.own, lead
            )
    return list(quotes.values())[:limit]


def as_markdown(quote: str, lead: str = "") -> str:
    """A quote as a block of Markdown: rows without bars, code line by line.

    Args:
        lead: a table's first row, whose cells are put before those of a single row; else a line to stand over a list.
    """
    rows: list[str] = []
    in_code = False
    for line in (line.rstrip() for line in quote.strip().splitlines()):
        if _FENCE.match(line):
            in_code = not in_code
        elif in_code and line:
            rows.append(f"`{line.strip()}`  ")
        elif line.lstrip().startswith("|") or (" | " in line and len(cells_of(line)) == len(cells_of(lead))):
            rows.append(_row(line, lead))
        elif line:
            rows.append(line)
    if rows and lead and not cells_of(lead)[1:] and _LIST_ITEM.match(rows[0]):
        rows.insert(0, f"{lead.rstrip(':：')}:")
    return "\n".join(rows).strip(" ")


def as_item(block: str) -> str:
    """A block of Markdown as an item of a list, its further lines indented."""
    return "- " + block.replace("\n", "\n  ")


def _row(line: str, lead: str) -> str:
    """A table's row, each cell with its column's name where they are known."""
    cells, names = cells_of(line), cells_of(lead)
    if len(cells) == len(names) > 1:
        return " · ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)
    return " · ".join(cell for cell in cells if cell)


def cite(quote: Quote, passage: Passage, number: int) -> Citation:
    """The citation of a quote under a number."""
    return Citation(
        number=number,
        document_id=passage.document_id,
        document=passage.document,
        title=passage.title,
        heading=" > ".join(passage.heading_path),
        start=quote.start,
        end=quote.end,
        quote=quote.text,
    )


def _quote(question: Question, one: Covered, passage: Passage, section_of: Callable[[Passage], Passage]) -> Quote:
    lead = _lead(passage, one.place)
    if asks_steps(question.text):
        section = section_of(passage)
        ahead = passage.start - section.start
        if found := widen_to_procedure(section.text, ahead + one.place.start, ahead + one.place.end):
            start, end = found
            text = section.text[start:end]
            return Quote(one.passage, section.start + start, section.start + end, text, one.coverage, lead)
    if _stands_alone(one):
        start, end = passage.start + one.place.start, passage.start + one.place.end
        return Quote(one.passage, start, end, one.place.text, one.coverage, lead)
    start, end = widen(passage.text, one.place.start, one.place.end)
    decides = question.wanted == "verdict" and one.place.kind == "paragraph"
    if decides and start < one.place.start and not _POINTS_BACK.match(one.place.text):
        start = one.place.start
    return Quote(one.passage, passage.start + start, passage.start + end, passage.text[start:end], one.coverage, lead)


def _row_quote(index: int, place: Place, passage: Passage) -> Quote:
    return Quote(index, passage.start + place.start, passage.start + place.end, place.text, 1.0, _lead(passage, place))


def _widened(quote: Quote, one: Covered, passage: Passage) -> Quote:
    """A quote with the paragraph around it, which is not quoted twice in parts."""
    start, end = widen(passage.text, one.place.start, one.place.end)
    return replace(quote, start=min(quote.start, passage.start + start), end=max(quote.end, passage.start + end))


def _stands_alone(one: Covered) -> bool:
    """Whether a sentence of a paragraph says all that is asked, and can be read without the one before."""
    sure = one.coverage >= _SURE and one.own >= _SURELY_OWN
    return sure and one.place.kind == "paragraph" and _is_whole(one.place.text)


def _is_whole(sentence: str) -> bool:
    return bool(_ENDED.search(sentence)) and not _POINTS_BACK.match(sentence)


def _lead(passage: Passage, place: Place) -> str:
    """What must stand over a table's row or a list."""
    if place.kind == "table":
        before = [other for other in places(passage.text) if other.kind == "head" and other.start < place.start]
        return before[-1].text if before else ""
    return _last_heading(passage)


def _last_heading(passage: Passage) -> str:
    return passage.heading_path[-1] if passage.heading_path else passage.title


def _overlap(one: Quote, other: Quote, passages: Sequence[Passage]) -> bool:
    same = passages[one.passage].document_id == passages[other.passage].document_id
    return (same and one.start < other.end and other.start < one.end) or one.text.strip() == other.text.strip()
