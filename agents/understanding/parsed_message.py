"""A message as understanding works on it: names, references, quantities and clauses found, the rest as words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.understanding.entities import KnownEntities
from agents.understanding.linking import Mention, Reference, link, references
from agents.understanding.quantities import Quantity, take_quantities
from agents.understanding.speech_act import Clause, clauses_of
from agents.understanding.tokens import Part, Token, tokenise
from edge.kernel.language import Language, detect_language
from tools.registry.catalogue import Catalogue

_ID = re.compile(r"(?:ap|ro|dl)-[\w-]+$|sha256:|[\w.-]+@[\w.-]+$", re.IGNORECASE)
_ALL = re.compile(r"(?:the|all|all the) \w+(?: \w+)?s", re.IGNORECASE)
_POSSESSIVE = re.compile(r"\b(?:its|their)\b", re.IGNORECASE)
_LABEL = re.compile(r"[a-z]{0,2}\d[\w.]{0,6}", re.IGNORECASE)
_SHORT_QUOTE = 40
_MOST_CHARACTERS = 4000
"""Of a longer message only the beginning is looked through for names; nothing is done by it."""


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """One message with everything found in it, all by its characters."""

    text: str
    language: Language
    mentions: tuple[Mention, ...]
    references: tuple[Reference, ...]
    quantities: tuple[Quantity, ...]
    clauses: tuple[Clause, ...]
    tokens: tuple[Token, ...]

    def within(self, start: int, end: int) -> "ParsedMessage":
        """The part of a clause, its positions those of the whole message."""
        return ParsedMessage(
            self.text,
            self.language,
            tuple(one for one in self.mentions if start <= one.start < end),
            tuple(one for one in self.references if start <= one.start < end),
            tuple(one for one in self.quantities if start <= one.start < end),
            tuple(one for one in self.clauses if start <= one.start < end),
            tuple(one for one in self.tokens if start <= one.start < end),
        )

    def without(self, spans: Sequence[Clause]) -> "ParsedMessage":
        """The message without these parts."""
        out = [(one.start, one.end) for one in spans]

        def stays(start: int) -> bool:
            return not any(first <= start < last for first, last in out)

        return ParsedMessage(
            self.text,
            self.language,
            tuple(one for one in self.mentions if stays(one.start)),
            tuple(one for one in self.references if stays(one.start)),
            tuple(one for one in self.quantities if stays(one.start)),
            tuple(one for one in self.clauses if stays(one.start)),
            tuple(one for one in self.tokens if stays(one.start)),
        )

    @property
    def words(self) -> str:
        """The text of its tokens."""
        return self.text[self.tokens[0].start : self.tokens[-1].end] if self.tokens else ""


def parse_message(text: str, known: KnownEntities, catalogue: Catalogue) -> ParsedMessage:
    """Find everything in a message; a few milliseconds for some hundred names."""
    text = text[:_MOST_CHARACTERS]
    mentions = tuple(one for one in link(text, known, catalogue) if not _is_part_of_reference(text, one))
    taken = [(one.start, one.end) for one in mentions if not one.common]
    quantities = take_quantities(text, taken)
    quoted = [one for one in quantities if one.kind == "quoted"]
    inside = [one for one in mentions if any(_lies_in(one, other) and not _fills(one, other) for other in quoted)]
    mentions = tuple(one for one in mentions if one not in inside)
    found = pointing_in(text, mentions)
    pointing = tuple(one for one in found if not any(_lies_in(one, other) for other in quoted))
    spans = [
        *((one.start, one.end) for one in mentions if not one.common),
        *((one.start, one.end) for one in quantities),
    ]
    return ParsedMessage(
        text,
        detect_language(text),
        mentions,
        pointing,
        quantities,
        clauses_of(text, spans),
        tokenise(text, _parts(mentions, pointing, quantities)),
    )


def pointing_in(text: str, mentions: Sequence[Mention] = ()) -> tuple[Reference, ...]:
    """The references of a text, "its" among them; "the devices" are all that there are, and no reference."""
    found = [one for one in references(text, mentions) if one.ordinal is not None or not _ALL.fullmatch(one.words)]
    found += [Reference(match.start(), match.end(), match[0]) for match in _POSSESSIVE.finditer(text)]
    return tuple(sorted(found, key=lambda one: one.start))


def _parts(mentions: Sequence[Mention], pointing: Sequence[Reference], quantities: Sequence[Quantity]) -> list[Part]:
    parts = [Part(one.start, one.end, "name", _kinds(one)) for one in mentions if _is_known(one)]
    parts += [Part(one.start, one.end, "word", one.looks_like) for one in mentions if _is_one_new_word(one)]
    parts += [Part(one.start, one.end, "reference", (one.kind,) if one.kind else ()) for one in pointing]
    for one in quantities:
        quoted = one.kind == "quoted"
        if quoted and not re.search(r"\s", one.words) and len(one.words) <= _SHORT_QUOTE:
            parts.append(Part(one.start, one.end, "word"))  # a name or a word, as it is said without the marks
            continue
        parts.append(Part(one.start, one.end, "quoted" if quoted else "quantity", () if quoted else (one.kind,)))
    return parts


def _is_part_of_reference(text: str, mention: Mention) -> bool:
    """Whether it stands in a provider:name, which is one word."""
    before, after = text[max(0, mention.start - 2) : mention.start], text[mention.end : mention.end + 2]
    return any(
        len(two) == 2 and ":" in two and all(one.isascii() and (one == ":" or one.isalnum()) for one in two)
        for two in (before, after)
    )


def _is_known(mention: Mention) -> bool:
    """Whether it is shown by its kind; what only looks like a name may be that of something new, unless it is an id."""
    if mention.common or label_shaped(mention.words):
        return False
    new_version = (
        mention.looks_like == ("version",) and " " in mention.words.strip()
    )  # "triage v7", of which there is none
    return (bool(mention.entities) and mention.exact) or _ID.match(mention.words) is not None or new_version


def _is_one_new_word(mention: Mention) -> bool:
    """Whether it is one word that looks like a name of some kind, and nothing has it."""
    return (
        not mention.common
        and not mention.entities
        and bool(mention.looks_like)
        and not re.search(r"\s", mention.words)
        and not _is_known(mention)
        and not label_shaped(mention.words)
    )


def label_shaped(words: str) -> bool:
    """Whether it is a label alone, such as "v3": of a version that there is, or of a new one."""
    return _LABEL.fullmatch(words.strip()) is not None


def _kinds(mention: Mention) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.kind for one in mention.entities)) or mention.looks_like


def _lies_in(inner: Mention | Reference, outer: Quantity) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _fills(inner: Mention | Reference, outer: Quantity) -> bool:
    return inner.end - inner.start >= outer.end - outer.start - 2
