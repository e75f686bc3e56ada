"""What the operation classifier and the slot tagger see of a message's tokens."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from agents.understanding.tokens import Token, glossed

FEATURE_VERSION = 6
"""Raised whenever the same tokens give other features."""

_DIGITS = re.compile(r"\d+")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[-_.:@/][A-Za-z0-9]+)+|[A-Za-z]*\d\w*")
_NEW = "<new>"
_HAN = re.compile(r"[\u3400-\u9fff]")
_LONGEST_WORD = 24
_CONTRACTED = {"s": "is", "re": "are", "ve": "have", "d": "would", "ll": "will", "t": "not", "m": "am"}


def operation_features(tokens: Sequence[Token]) -> list[str]:
    """Words, pairs and triples of neighbours, letters within words, and the kinds that occur; each once."""
    seen = [word for token in tokens if token.type != "mark" for word in _spelt_out(_DIGITS.sub("0", token.shown))]
    features = dict.fromkeys(_neighbours(seen))
    unnamed = [_NEW if _is_name(word) else word for word in seen]
    if unnamed != seen:
        features |= dict.fromkeys(_neighbours(unnamed))
    if gloss := glossed(tokens):
        features |= dict.fromkeys(_neighbours(gloss))
    for word in seen:
        features |= dict.fromkeys(_letters(word))
    features |= dict.fromkeys(f"k {kind}" for token in tokens for kind in token.kinds)
    return list(features)


def _is_name(word: str) -> bool:
    """Whether it has the shape of a name, so that its letters say nothing of what is to be done."""
    return not word.startswith("<") and _NAME.fullmatch(word) is not None


def _neighbours(words: Sequence[str]) -> Iterator[str]:
    framed = ["^", *words, "$"]
    yield from (f"w {word}" for word in words)
    yield from (f"p {first} {second}" for first, second in pairwise(framed))
    yield from (f"t {' '.join(framed[at : at + 3])}" for at in range(len(framed) - 2))


def _spelt_out(word: str) -> list[str]:
    """A contraction as its words."""
    head, mark, tail = word.replace("’", "'").partition("'")
    return [head, _CONTRACTED.get(tail, tail)] if mark and head and tail else [word]


def _letters(word: str) -> Iterator[str]:
    if word.startswith("<") or len(word) < 3 or _HAN.match(word) or _is_name(word):
        return
    framed = f"<{word[:_LONGEST_WORD]}>"
    for length in (3, 4, 5):
        yield from (f"c {framed[at : at + length]}" for at in range(len(framed) - length + 1))


def tag_features(tokens: Sequence[Token], tool: str) -> list[list[str]]:
    """What the tagger sees of each token, given the tool whose slots are meant."""
    shown = [_DIGITS.sub("0", token.shown) for token in tokens]
    return [_tag_features(tokens, shown, at, tool) for at in range(len(tokens))]


def _tag_features(tokens: Sequence[Token], shown: Sequence[str], at: int, tool: str) -> list[str]:
    token, word = tokens[at], shown[at]
    features = ["bias", f"type={token.type}", f"w={word}", f"{tool}|w={word}", f"{tool}|type={token.type}"]
    features += [f"kind={kind}" for kind in token.kinds]
    features += [f"{tool}|kind={kind}" for kind in token.kinds]
    if token.type == "word":
        features += [f"shape={_shape(token.text)}", f"{tool}|shape={_shape(token.text)}"]
        features += [f"pre={word[:3]}", f"suf={word[-3:]}"]
    for step in (-3, -2, -1, 1, 2):
        other = shown[at + step] if 0 <= at + step < len(shown) else ("^" if step < 0 else "$")
        features.append(f"{step}={other}")
        if abs(step) <= 2:
            features.append(f"{tool}|{step}={other}")
        if abs(step) == 1:
            features.append(f"{step}={other}|w={word}")
    before = [one for one in tokens[:at] if one.type in {"name", "quantity"} and one.kinds[:1] == token.kinds[:1]]
    if token.kinds:
        features.append(f"{tool}|nth={min(len(before), 3)}|{token.kinds[0]}")
    return features


def _shape(text: str) -> str:
    """Which sorts of letters a word has: "aa-0" for "lyon-7"."""
    shape = re.sub(r"[A-Z]", "A", re.sub(r"[a-z]+", "a", text))
    return _HAN.sub("h", _DIGITS.sub("0", shape))[:6]
