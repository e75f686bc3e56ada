"""What a sentence asserts: kinds of claims, topics, roles, denials and doubts by their words (`claims.yaml`)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from memory.yaml_text import parse_yaml

MASK = "\x00"
"""Stands for each letter of a name or of a rendered value, which are no words."""

POLAR = frozenset({"permission", "non_commercial", "cannot", "verdict", "approval", "state", "comparison"})
"""Kinds of claims that a denial turns round."""

_LATIN = re.compile(r"[A-Za-z][A-Za-z'’]*")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_ENDINGS = ("", "s", "es", "d", "ed", "ing", "ly", "ment", "'s", "’s")
_LONGEST_ZH = 6
_CLAUSE = re.compile(
    r"[,;，；、—]|\b(?:but|and|while|because|since|so|although|though|whereas)\b"
    r"|但是?|而且?|并且|因为|所以|因此|由于"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Words at text[start:end] that assert something.

    Attributes:
        meanings: kind -> the values of which they assert one.
    """

    start: int
    end: int
    words: str
    meanings: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Pattern:
    kind: str
    values: frozenset[str]
    expression: re.Pattern[str]


def claims_in(text: str) -> list[Claim]:
    """Everything that a text asserts, denies, doubts or is about, in order; the longest words at a place count.

    Args:
        text: in lower case; names and values masked.
    """
    found: dict[tuple[int, int], dict[str, set[str]]] = {}
    for pattern in _patterns():
        for match in pattern.expression.finditer(text):
            if match.end() > match.start():
                found.setdefault(match.span(), {}).setdefault(pattern.kind, set()).update(pattern.values)
    taken: list[tuple[int, int]] = []
    for span in sorted(found, key=lambda one: (one[0] - one[1], one[0])):
        if all(span[1] <= start or span[0] >= end for start, end in taken):
            taken.append(span)
    return [
        Claim(start, end, text[start:end], {kind: frozenset(values) for kind, values in found[start, end].items()})
        for start, end in sorted(taken)
    ]


def clauses(text: str) -> Iterator[tuple[int, int]]:
    """The clauses of a sentence, as spans."""
    start = 0
    for mark in _CLAUSE.finditer(text):
        if text[start : mark.start()].strip():
            yield start, mark.start()
        start = mark.end()
    if text[start:].strip():
        yield start, len(text)


def first_unknown(text: str, words: frozenset[str], letters: str) -> str:
    """The first word that neither asserts nothing nor stands in the evidence; empty where there is none.

    Args:
        text: in lower case; all that is understood already is masked.
        words: Latin words of the evidence.
        letters: its text, in which Chinese words are looked for.
    """
    plain_words, chinese = _plain_words()
    for match in _LATIN.finditer(text):
        word = match[0].strip("'’")
        if word and not _is_form_of(word, plain_words) and not _is_form_of(word, words):
            return word
    for match in _HAN.finditer(text):
        run, at = match[0], 0
        while at < len(run):
            length = next(
                (
                    size
                    for size in range(min(_LONGEST_ZH, len(run) - at), 0, -1)
                    if run[at : at + size] in chinese or (size > 1 and run[at : at + size] in letters)
                ),
                0,
            )
            if not length:
                return run[at:]
            at += length
    return ""


def masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with these spans masked; offsets stay."""
    letters = list(text)
    for start, end in spans:
        letters[start:end] = MASK * (end - start)
    return "".join(letters)


def _is_form_of(word: str, known: frozenset[str]) -> bool:
    for ending in _ENDINGS:
        if word.endswith(ending):
            base = word.removesuffix(ending) if ending else word
            if base in known or (ending in {"ed", "ing", "es"} and f"{base}e" in known):
                return True
            if len(base) > 2 and base[-1] == base[-2] and base[:-1] in known:
                return True
    return f"{word}s" in known


@cache
def _patterns() -> tuple[_Pattern, ...]:
    source = cast("Mapping[str, Any]", parse_yaml(files("agents.teams").joinpath("claims.yaml").read_bytes()))
    named = {f"topic:{name}": lines for name, lines in source["topics"].items()}
    named |= {f"role:{name}": lines for name, lines in source["roles"].items()}
    named |= {f"direction:{name}": lines for name, lines in source["directions"].items()}
    named |= {"negation": source["negation"], "doubt": source["doubt"]}
    patterns = [
        _Pattern(kind, frozenset({kind.partition(":")[2] or kind}), expression)
        for kind, lines in named.items()
        for line in lines
        for expression in _expressions(line)
    ]
    patterns.append(_Pattern("negation", frozenset({"negation"}), re.compile(r"n['’]t(?![a-z])")))
    for kind, values in source["claims"].items():
        for value, lines in values.items():
            patterns += [
                _Pattern(kind, frozenset(str(value).split("|")), expression)
                for line in lines
                for expression in _expressions(line)
            ]
    return tuple(patterns)


def _expressions(line: str) -> Iterator[re.Pattern[str]]:
    """One expression for each alternative, so that the longest of them can win."""
    depth, start = 0, 0
    for at, letter in enumerate(f"{line}|"):
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and depth == 0:
            yield re.compile(rf"(?<![a-z])(?:{line[start:at]})(?![a-z])")
            start = at + 1


@cache
def _plain_words() -> tuple[frozenset[str], frozenset[str]]:
    source = cast("Mapping[str, str]", parse_yaml(files("agents.teams").joinpath("plain_words.yaml").read_bytes()))
    return frozenset(source["en"].split()), frozenset(source["zh"].split())
