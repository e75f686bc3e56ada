"""Which sentences of the passages answer the question: extractive answers without a model."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.events import Citation
from agents.grounding.places import Place, places
from agents.grounding.relevance import Rarity, coverage
from agents.grounding.widening import widen, widen_to_procedure
from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Passage
from memory.embedding import Embedder

_PASSAGES_READ = 6
_SENTENCES_EMBEDDED = 16
_LIST_ITEM = re.compile(r"^\s*(?:[-*•+]|\d{1,3}[.)、]|[a-z][.)])\s", re.MULTILINE)
_ASKS_FIGURE = re.compile(
    r"\bhow (?:many|much|long|far|fast|hot|cold|loud|often|high|big|large|heavy|wide|soon|quickly)\b|\bwhen\b"
    r"|\bwhat (?:time|share|percentage|temperature|speed|size|voltage|capacity|rate|score)\b"
    r"|多少|多久|几[个天次]|多[大长高重快]|何时|百分之",
    re.IGNORECASE,
)
_ASKS_STEPS = re.compile(
    r"\bhow (?:do|can|should|to)\b|\bwhat (?:should|can|do) (?:i|we)\b|\bsteps?\b|怎么|如何|怎样|步骤|应该检查",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_NUMBERED = re.compile(r"\s*\d{1,2}[.)、]\s")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_RELATIVE_WORTH = 0.6
"""A further quote is worth at least this share of the best."""

_AROUND_SHARE = 0.5
"""Worth of a question's term that stands around the sentence, as in its headings, beside 1.0 in the sentence."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A run of a passage's text.

    Attributes:
        passage: index into the passages.
        start: first character, 0-based offset into the document's text; a procedure may begin before its passage.
        end: one past the last character.
        score: 0 to 1, how likely it answers the question.
    """

    passage: int
    start: int
    end: int
    text: str
    score: float


class _Candidate(NamedTuple):
    """A sentence of passages[passage]; the score is not yet what its place and kind add."""

    passage: int
    place: Place
    score: float


def asks_steps(question: str) -> bool:
    """Whether a question asks how to do something."""
    return bool(_ASKS_STEPS.search(question))


def _itself(passage: Passage) -> Passage:
    return passage


def select_quotes(
    question: str,
    passages: Sequence[Passage],
    rarity: Rarity,
    embedder: Embedder,
    limit: int = 3,
    section_of: Callable[[Passage], Passage] = _itself,
) -> list[Quote]:
    """Rank the sentences of the best passages by how likely they answer the question.

    The score joins the share of the question's terms, weighted by rarity, that stand in the sentence or its headings;
    the cosine of question and sentence (not for Chinese, which the embedder hardly knows); and whether there is a
    figure, or a step, where one is asked for.

    Args:
        section_of: the whole section of a passage, where a procedure that is asked for goes on.

    Returns:
        At most `limit` quotes, best first, from distinct places, each widened to its list or short paragraph; where
        steps are asked for, to the whole procedure.
    """
    terms = set(terms_of(question))
    if not terms or not passages:
        return []
    candidates = _by_terms(terms, passages, rarity)
    if not _CHINESE.search(question):
        candidates = _by_meaning(question, candidates[:_SENTENCES_EMBEDDED], embedder)
    ranked = sorted(
        ((_worth(question, one, passages[one.passage]), one) for one in candidates), key=lambda pair: -pair[0]
    )
    quotes: list[Quote] = []
    for worth, candidate in ranked:
        if worth < _RELATIVE_WORTH * ranked[0][0]:
            break
        whole = _quote(candidate, passages[candidate.passage], section_of if asks_steps(question) else None)
        if not any(_overlap(whole, other, passages) for other in quotes):
            quotes.append(whole)
        if len(quotes) == limit:
            break
    return quotes


def as_markdown(quote: str) -> str:
    """A quote as it can stand in a list item: rows without bars, code line by line, further lines indented."""
    rows: list[str] = []
    in_code = False
    for line in (line.rstrip() for line in quote.strip().splitlines()):
        if _FENCE.match(line):
            in_code = not in_code
        elif in_code and line:
            rows.append(f"`{line.strip()}`  ")
        elif line.lstrip().startswith("|"):
            rows.append(" · ".join(cell.strip() for cell in line.strip().strip("|").split("|") if cell.strip()))
        elif line:
            rows.append(line)
    if len(rows) > 1 and _LIST_ITEM.match(rows[0]):
        rows.insert(0, "")
    return "\n".join(rows).strip(" ").replace("\n", "\n  ")


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


def _by_terms(terms: set[str], passages: Sequence[Passage], rarity: Rarity) -> list[_Candidate]:
    found: list[_Candidate] = []
    for index, passage in enumerate(passages[:_PASSAGES_READ]):
        for place in places(passage.text, " ".join((passage.title, *passage.heading_path))):
            own, around = set(terms_of(place.text)), set(terms_of(place.around))
            share = coverage(terms, own, rarity) + _AROUND_SHARE * coverage(terms, around - own, rarity)
            if own and place.kind != "head":
                found.append(_Candidate(index, place, share))
    return sorted(found, key=lambda one: (-one.score, one.passage, one.place.start))


def _by_meaning(question: str, candidates: Sequence[_Candidate], embedder: Embedder) -> list[_Candidate]:
    if not candidates:
        return []
    contexts = [f"{one.place.around} {one.place.text}".replace("\n", " ")[:600] for one in candidates]
    similarities = embedder.embed(contexts) @ embedder.embed([question])[0]
    return [
        one._replace(score=(one.score + 2 * max(0.0, float(similarity))) / 3)
        for one, similarity in zip(candidates, similarities, strict=True)
    ]


def _worth(question: str, one: _Candidate, passage: Passage) -> float:
    text = one.place.text
    lacks_figure = bool(_ASKS_FIGURE.search(question)) and not any(letter.isdigit() for letter in text)
    a_step = asks_steps(question) and bool(_NUMBERED.match(text))
    foreign = bool(_CHINESE.search(question)) != bool(_CHINESE.search(text))
    return (
        one.score
        + 0.15 * passage.score
        + 0.15 * a_step
        - 0.1 * lacks_figure
        - 0.1 * foreign
        - 0.15 * (one.place.kind == "code")
    )


def _quote(one: _Candidate, passage: Passage, section_of: Callable[[Passage], Passage] | None) -> Quote:
    if section_of is not None:
        section = section_of(passage)
        ahead = passage.start - section.start
        if found := widen_to_procedure(section.text, ahead + one.place.start, ahead + one.place.end):
            start, end = found
            text = section.text[start:end]
            return Quote(one.passage, section.start + start, section.start + end, text, one.score)
    start, end = widen(passage.text, one.place.start, one.place.end)
    return Quote(one.passage, passage.start + start, passage.start + end, passage.text[start:end], one.score)


def _overlap(one: Quote, other: Quote, passages: Sequence[Passage]) -> bool:
    same = passages[one.passage].document_id == passages[other.passage].document_id
    return (same and one.start < other.end and other.start < one.end) or one.text.strip() == other.text.strip()
