"""Which sentences of the passages answer the question, and whether any does: extractive answers without a model."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.events import Citation
from memory.embedding import Embedder
from memory.lexical import analyse
from memory.passages import Passage
from memory.sentences import sentences

__all__ = ["Found", "Quote", "Rarity", "as_markdown", "assess", "cite", "select_quotes"]

Found = Literal["answer", "near", "nothing"]
"""What the passages are to the question: they speak of it; they come near it; they have nothing to do with it."""

SIMILARITY_ANSWER, SIMILARITY_NEAR = 0.45, 0.30
"""Least cosine of an English question and its best passage, from `tests/bench/answers.py`."""

COVERAGE_ANSWER, COVERAGE_NEAR = 0.33, 0.12
"""Least share of a Chinese question's terms, by rarity, in one passage with its headings; from the same."""

_PASSAGES_READ = 6
_SENTENCES_EMBEDDED = 20
_LONGEST_LIST, _LONGEST_PARAGRAPH = 900, 420
_LIST_ITEM = re.compile(r"^\s*(?:[-*•+]|\d{1,3}[.)、]|[a-z][.)])\s", re.MULTILINE)
_CODE = re.compile(r"(?<![\w.])(?=[A-Za-z-]*\d)(?=[\d.-]*[A-Za-z])[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*(?![\w])", re.ASCII)
_ASKS_FIGURE = re.compile(
    r"\bhow (?:many|much|long|far|fast|hot|cold|loud|often|high|big|large|heavy|wide|soon|quickly)\b|\bwhat (?:time|share"
    r"|percentage|temperature|speed|size|voltage|capacity|rate|score)\b|\bwhen\b|多少|多久|几[个天次]|多[大长高重快]|何时|百分之",
    re.IGNORECASE,
)
_ASKS_STEPS = re.compile(
    r"\bhow (?:do|can|should|to)\b|\bwhat (?:should|can|do) (?:i|we)\b|\bsteps?\b|怎么|如何|怎样|步骤|应该检查", re.IGNORECASE
)
_NUMBERED = re.compile(r"\s*\d{1,2}[.)、]\s")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_RELATIVE_WORTH = 0.6
"""A further quote is worth at least this share of the best."""

_HEADING_SHARE = 0.6
"""Worth of a question's term that stands in the heading, beside 1.0 in the sentence."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare each of the question's terms is in the tenant's documents.

    Attributes:
        frequencies: term -> number of chunks that have it; every term of the question is there.
        chunks: how many chunks there are.
    """

    frequencies: Mapping[str, int]
    chunks: int

    def of(self, term: str) -> float:
        """Inverse document frequency as in BM25, > 0; a term that no document has is the rarest of all."""
        frequency = self.frequencies.get(term, 0)
        return math.log(1.0 + (self.chunks - frequency + 0.5) / (frequency + 0.5))


@dataclass(frozen=True, slots=True)
class Quote:
    """A run of a passage's text.

    Attributes:
        passage: index into the passages.
        start: first character, 0-based offset into the document's text.
        end: one past the last character.
        score: 0 to 1, how likely it answers the question.
    """

    passage: int
    start: int
    end: int
    text: str
    score: float


def assess(question: str, passages: Sequence[Passage], rarity: Rarity) -> Found:
    """Judge cheaply, before anything is quoted or drafted, what the passages are to the question.

    A code in the question, such as "E-F071", that no document has means that they have nothing on it. Otherwise the
    best cosine decides in English, the share of terms in Chinese. Questions that come near a document's subject and
    ask what it does not say cannot be told apart so; a drafting model can.
    """
    codes = {code.lower() for code in _CODE.findall(question)}
    if not passages or any(not _known(code, rarity) for code in codes):
        return "nothing"
    if _CHINESE.search(question):
        terms = set(analyse(question))
        worth = max(_coverage(terms, set(analyse(_with_headings(passage))), rarity) for passage in passages)
        return _level(worth, COVERAGE_ANSWER, COVERAGE_NEAR)
    return _level(max(passage.similarity or 0.0 for passage in passages), SIMILARITY_ANSWER, SIMILARITY_NEAR)


def select_quotes(
    question: str, passages: Sequence[Passage], rarity: Rarity, embedder: Embedder, limit: int = 3
) -> list[Quote]:
    """Rank the sentences of the best passages by how likely they answer the question.

    The score joins the share of the question's terms, weighted by rarity, that stand in the sentence or its headings;
    the cosine of question and sentence (not for Chinese, which the embedder hardly knows); and whether there is a
    figure, or a step, where one is asked for.

    Returns:
        At most `limit` quotes, best first, from distinct places, each widened to its list or short paragraph.
    """
    terms = set(analyse(question))
    if not terms or not passages:
        return []
    candidates = _by_terms(terms, passages, rarity)
    if not _CHINESE.search(question):
        candidates = _by_meaning(question, candidates[:_SENTENCES_EMBEDDED], passages, embedder)
    wants_figure, wants_steps = bool(_ASKS_FIGURE.search(question)), bool(_ASKS_STEPS.search(question))

    def worth(quote: Quote) -> float:
        lacks_figure = wants_figure and not any(letter.isdigit() for letter in quote.text)
        passage = passages[quote.passage]
        place = quote.start - passage.start
        code = _in_code(passage.text, place)
        a_step = wants_steps and _NUMBERED.match(passage.text, _line_start(passage.text, place)) is not None
        foreign = bool(_CHINESE.search(question)) != bool(_CHINESE.search(quote.text))
        return (
            quote.score
            - (0.1 if foreign else 0.0)
            + 0.15 * passage.score
            + (0.15 if a_step else 0.0)
            - (0.1 if lacks_figure else 0.0)
            - (0.15 if code else 0.0)
        )

    quotes: list[Quote] = []
    ranked = sorted(candidates, key=lambda quote: -worth(quote))
    for candidate in ranked:
        if worth(candidate) < _RELATIVE_WORTH * worth(ranked[0]):
            break
        whole = _widen(candidate, passages[candidate.passage])
        if not any(_overlap(whole, other, passages) for other in quotes):
            quotes.append(whole)
        if len(quotes) == limit:
            break
    return quotes


def as_markdown(quote: str) -> str:
    """A quote as it can stand in a list item: table rows without their bars, further lines indented."""
    lines = [line.rstrip() for line in quote.strip().splitlines() if line.strip()]
    rows = [
        " · ".join(cell.strip() for cell in line.strip().strip("|").split("|") if cell.strip())
        if line.lstrip().startswith("|")
        else line
        for line in lines
    ]
    if len(rows) > 1 and _LIST_ITEM.match(rows[0]):
        rows.insert(0, "")
    return "\n".join(rows).replace("\n", "\n  ")


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


def _known(code: str, rarity: Rarity) -> bool:
    """Whether some document has the code, or it is a word with a plain ending ("2nd"), or not a term of its own."""
    joined = re.sub(r"[^a-z0-9]", "", code)
    return rarity.frequencies.get(joined, 1) > 0


def _level(value: float, answer: float, near: float) -> Found:
    return "answer" if value >= answer else "near" if value >= near else "nothing"


def _with_headings(passage: Passage) -> str:
    return " ".join((passage.title, *passage.heading_path, passage.text))


def _coverage(terms: set[str], present: set[str], rarity: Rarity) -> float:
    return sum(rarity.of(term) for term in terms & present) / sum(rarity.of(term) for term in terms) if terms else 0.0


def _by_terms(terms: set[str], passages: Sequence[Passage], rarity: Rarity) -> list[Quote]:
    found: list[Quote] = []
    for index, passage in enumerate(passages[:_PASSAGES_READ]):
        heading = set(analyse(" ".join((passage.title, *passage.heading_path))))
        for start, end in sentences(passage.text):
            text = passage.text[start:end]
            own = set(analyse(text))
            share = _coverage(terms, own, rarity) + _HEADING_SHARE * _coverage(terms, heading - own, rarity)
            if own:
                found.append(Quote(index, passage.start + start, passage.start + end, text, share))
    return sorted(found, key=lambda quote: (-quote.score, quote.passage, quote.start))


def _by_meaning(
    question: str, quotes: Sequence[Quote], passages: Sequence[Passage], embedder: Embedder
) -> list[Quote]:
    if not quotes:
        return []
    headings = [(passages[quote.passage].title, *passages[quote.passage].heading_path) for quote in quotes]
    contexts = [" ".join((*heading, quote.text))[:600] for heading, quote in zip(headings, quotes, strict=True)]
    similarities = embedder.embed(contexts) @ embedder.embed([question])[0]
    return [
        replace(quote, score=(quote.score + 2 * max(0.0, float(similarity))) / 3)
        for quote, similarity in zip(quotes, similarities, strict=True)
    ]


def _in_code(text: str, position: int) -> bool:
    return text.count("```", 0, position) % 2 == 1


def _widen(quote: Quote, passage: Passage) -> Quote:
    """Widen a quote to its list, or to its paragraph if that is short."""
    whole = _with_its_list(quote, passage)
    if whole is not quote or passage.text.startswith("|", quote.start - passage.start):
        return whole
    text, start, end = passage.text, quote.start - passage.start, quote.end - passage.start
    first = text.rfind("\n\n", 0, start) + 2 if "\n\n" in text[:start] else 0
    last = text.find("\n\n", end)
    last = len(text) if last < 0 else last
    if last - first > _LONGEST_PARAGRAPH or "\n|" in text[first:last]:
        return quote
    return replace(quote, start=passage.start + first, end=passage.start + last, text=text[first:last])


def _with_its_list(quote: Quote, passage: Passage) -> Quote:
    """Widen a quote that is a list item, or ends with a colon before a list, to the whole list if that is short."""
    text = passage.text
    start, end = quote.start - passage.start, quote.end - passage.start
    leads = text[start:end].rstrip().endswith((":", "："))
    if not leads and not _LIST_ITEM.match(text, _line_start(text, start)):
        return quote
    first = start if leads else _line_start(text, start)
    last = end
    while not leads and first > 0 and _LIST_ITEM.match(text, previous := _line_start(text, first - 1)):
        first = previous
    for line in _lines_after(text, last):
        if not _LIST_ITEM.match(text, line[0]) and text[line[0] : line[1]].strip():
            break
        if text[line[0] : line[1]].strip():
            last = line[1]
    if last - first > _LONGEST_LIST:
        return quote
    return replace(quote, start=passage.start + first, end=passage.start + last, text=text[first:last])


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _lines_after(text: str, position: int) -> list[tuple[int, int]]:
    lines: list[tuple[int, int]] = []
    start = text.find("\n", position) + 1
    while 0 < start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        lines.append((start, end))
        start = end + 1
    return lines


def _overlap(one: Quote, other: Quote, passages: Sequence[Passage]) -> bool:
    same = passages[one.passage].document_id == passages[other.passage].document_id
    return (same and one.start < other.end and other.start < one.end) or one.text.strip() == other.text.strip()
