"""A message as tokens: words, and what names, quantities, quoted texts and references were found in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from memory.embedding.glossary import load_glossary

TokenType = Literal["word", "name", "quantity", "quoted", "reference", "mark"]

_WORD = re.compile(
    r"[A-Za-z]+(?:['’][A-Za-z]+)?(?![\w@./:-]*[\w])|[A-Za-z0-9_][\w@./:+-]*[\w]|[A-Za-z0-9_]|[\u3400-\u9fff]|[^\s\w]|\w"
)


_QUOTES = "\"'“”‘’「」『』`"
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a message.

    Attributes:
        text: as it was written.
        type: what it is. A mark is a punctuation mark.
        kinds: of a name the kinds of what has it, best first; of a quantity its kind; of a reference the kind that it
            says.
    """

    start: int
    end: int
    text: str
    type: TokenType = "word"
    kinds: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """What the classifier sees: a name or quantity by its kind, so that none of them is learnt."""
        if self.type in {"word", "mark"}:
            return self.text.lower()
        return f"<{self.kinds[0] if self.kinds else self.type}>"

    @property
    def plain(self) -> str:
        """What a sentence embedder sees: the kind as a word."""
        if self.type in {"word", "mark"}:
            return self.text
        if self.type == "reference":
            return "it"
        return (self.kinds[0] if self.kinds else self.type).replace("_", " ")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text that is one token."""

    start: int
    end: int
    type: TokenType
    kinds: tuple[str, ...] = ()


def tokenise(text: str, parts: Iterable[Part] = ()) -> tuple[Token, ...]:
    """The tokens of a text, in order.

    Args:
        parts: what is one token each; of those that overlap the first given stands.
    """
    taken: list[Part] = []
    for part in parts:
        if part.start < part.end and all(part.end <= one.start or one.end <= part.start for one in taken):
            taken.append(part)
    tokens, at = list[Token](), 0
    for part in sorted(taken, key=lambda one: one.start):
        tokens.extend(_words(text, at, part.start))
        words = text[part.start : part.end]
        tokens.append(
            Token(part.start, part.end, words.strip(_QUOTES) if part.type == "word" else words, part.type, part.kinds)
        )
        at = part.end
    tokens.extend(_words(text, at, len(text)))
    return tuple(tokens)


def _words(text: str, start: int, end: int) -> Iterable[Token]:
    for match in _WORD.finditer(text, start, end):
        word = match[0]
        yield Token(match.start(), match.end(), word, "word" if any(c.isalnum() for c in word) else "mark")


def shown(tokens: Sequence[Token]) -> list[str]:
    """What the classifier sees of each."""
    return [token.shown for token in tokens]


def plain(tokens: Sequence[Token]) -> str:
    """The message for a sentence embedder that knows English."""
    return load_glossary().in_english(_joined([token.plain for token in tokens]))


def glossed(tokens: Sequence[Token]) -> list[str]:
    """What the classifier sees of the English gloss of a Chinese message; nothing of any other."""
    if not any(_HAN.match(token.text) for token in tokens if token.type == "word"):
        return []
    return load_glossary().gloss(_joined([token.shown for token in tokens if token.type != "mark"])).lower().split()


def _joined(words: Sequence[str]) -> str:
    """Words with blanks between them, but none between Chinese characters."""
    text = ""
    for word in words:
        joined = bool(_HAN.match(word)) and bool(_HAN.match(text[-1:]))
        text += word if joined else f" {word}"
    return text.strip()
