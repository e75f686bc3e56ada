"""Entity linking: what exists on this device, and which of it a phrase means."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PIECE = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[\u3400-\u9fff]+")
_EMPTY = frozenset(
    "a an the this that my our currently now latest value values reading readings sensor sensors at of in on for"
    " from me us please right like is".split()
)
_EMPTY_HAN = ("传感器", "当前", "目前", "现在", "读数", "数值", "的值", "这个", "那个", "一下", "的", "值")


@dataclass(frozen=True, slots=True)
class Names:
    """What can be named in a command.

    Attributes:
        sensors, diagnostics: aliases by name.
        services: whose log entries there are; any word will do where it is empty.
    """

    sensors: Mapping[str, Iterable[str]] = field(default_factory=dict[str, Iterable[str]])
    diagnostics: Mapping[str, Iterable[str]] = field(default_factory=dict[str, Iterable[str]])
    services: tuple[str, ...] = ()


@cache
def phrasings() -> Mapping[str, Any]:
    """`phrasings.toml`: all that depends on a language: sentences, glossary, patterns of intent, what is said."""
    return tomllib.loads((files("edge.agent") / "phrasings.toml").read_text(encoding="utf-8"))


def glossary() -> Mapping[str, str]:
    """Words that mean other words in the names of sensors, such as 温度: temperature."""
    return phrasings()["glossary"]


def link(phrase: str, known: Mapping[str, Iterable[str]], glossary: Mapping[str, str], hint: str = "") -> list[str]:
    """The names that a phrase may mean: one where it is clear, none where it names nothing here.

    Every word of the phrase must be found in the name or its aliases; a name with no further words is preferred.

    Args:
        known: aliases by name.
        glossary: words that mean other words, such as 温度: temperature.
        hint: words that the sentence implies, such as "temperature" in "how hot is".
    """
    plain = phrase.strip().lower()
    for name, aliases in known.items():
        if plain in {name.lower(), *(alias.lower() for alias in aliases)}:
            return [name]
    wanted = spell_out(phrase, glossary)
    if wanted is None or all(word[0].isdigit() for word in wanted):
        return []
    hinted = wanted | (spell_out(hint, glossary) or frozenset())
    for sought in (hinted, wanted) if hint else (wanted,):
        candidates: list[str] = []
        for name, aliases in known.items():
            spellings = [spell_out(text, glossary) or frozenset() for text in (name, *aliases)]
            if sought in spellings:
                return [name]
            if any(sought <= spelling for spelling in spellings):
                candidates.append(name)
        if candidates:
            return candidates
        if hint:
            break
    return []


def spell_out(phrase: str, glossary: Mapping[str, str]) -> frozenset[str] | None:
    """The words of a phrase or name, in English where the glossary knows them; None where it holds what is no word."""
    words: set[str] = set()
    for piece in _PIECE.findall(_CAMEL.sub(" ", phrase).lower()):
        if piece[0] >= "\u3400":
            han = _read_han(piece, glossary)
            if han is None:
                return None
            words |= han
        elif piece not in _EMPTY:
            words.update(glossary.get(piece, piece).split())
    return frozenset(words)


def words_in(phrase: str, glossary: Mapping[str, str]) -> frozenset[str]:
    """All words that are known in a phrase, whatever stands between them."""
    words = set[str]()
    for piece in _PIECE.findall(_CAMEL.sub(" ", phrase).lower()):
        if piece[0] >= "\u3400":
            for word, meaning in glossary.items():
                if word in piece:
                    words.update(meaning.split())
        else:
            words.update(glossary.get(piece, piece).split())
    return frozenset(words)


def _read_han(piece: str, glossary: Mapping[str, str]) -> set[str] | None:
    """Words of Chinese text, the longest first; None where a part is not known."""
    words: set[str] = set()
    position = 0
    while position < len(piece):
        for length in range(min(6, len(piece) - position), 0, -1):
            part = piece[position : position + length]
            if part in glossary:
                words.update(glossary[part].split())
            elif part not in _EMPTY_HAN:
                continue
            position += length
            break
        else:
            return None
    return words
