"""Counts tokens from a model's own vocabulary, where its runtime does not count them: merges in plain Python.

The pieces into which a text is cut before merging differ between families of models. The cut here is as fine as the
finest of them, so a count is never less than the model's own as far as is known, and a few per cent more where digits
are written together.
"""

from __future__ import annotations

import itertools
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

_RANK_BITS = 20
_NO_RANK = (1 << _RANK_BITS) - 1
_WORDS_KEPT = 4096
_LONGEST_WORD = 256
"""Characters merged at a time: the effort grows with the square."""

_CUT = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s|.", re.IGNORECASE | re.DOTALL)
_CUT_BY_THREE = re.compile(_CUT.pattern.replace(r"|\d|", r"|\d{1,3}|"), _CUT.flags)
_BY_THREE = frozenset({"llama-bpe", "llama3", "llama-v3", "gpt-4o", "dbrx", "smaug-bpe"})
_CUT_AT_SPACES = re.compile(r" *[^ ]+| +")


class TokenCount(Protocol):
    """Counts the tokens of a text, without any that a chat template would add; never too few."""

    def count(self, text: str) -> int: ...


class ByteCount:
    """Counts a token for every byte of UTF-8: the most that any tokenizer with bytes makes of a text."""

    def count(self, text: str) -> int:
        return len(_bytes_of(text))


class _Ranks:
    """Ranks of strings, kept as sorted numbers: 8 bytes for each, where a dict would take 150.

    A number holds 44 bits of the string's hash: of 200,000 strings two share them once in 900 vocabularies, and a count
    is one off then.
    """

    def __init__(self, ordered: Iterable[str]) -> None:
        self._sorted = array("Q", sorted((_hash(text) << _RANK_BITS) | rank for rank, text in enumerate(ordered)))

    def of(self, text: str) -> int:
        """0 for the first; `_NO_RANK` where there is none."""
        wanted = _hash(text)
        at = bisect_left(self._sorted, wanted << _RANK_BITS)
        found = self._sorted[at] if at < len(self._sorted) else 0
        return found & _NO_RANK if found >> _RANK_BITS == wanted else _NO_RANK


class _Merging:
    """Cuts a text into words and merges each word's symbols, the pair of the lowest rank first."""

    def __init__(self, cut: re.Pattern[str]) -> None:
        self._cut = cut
        self._known: dict[str, int] = {}

    def count(self, text: str) -> int:
        return sum(map(self._count_word, self._cut.findall(text)))

    def _count_word(self, word: str) -> int:
        count = self._known.get(word)
        if count is None:
            parts = (word[n : n + _LONGEST_WORD] for n in range(0, len(word), _LONGEST_WORD))
            count = sum(sum(map(self._weight, self._merged(self._symbols(part)))) for part in parts)
            if len(self._known) >= _WORDS_KEPT:
                self._known.clear()
            self._known[word] = count
        return count

    def _merged(self, symbols: list[str]) -> list[str]:
        while len(symbols) > 1:
            ranks = [self._rank(left, right) for left, right in itertools.pairwise(symbols)]
            best = min(ranks)
            if best == _NO_RANK:
                break
            at = ranks.index(best)
            symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
        return symbols

    def _symbols(self, part: str) -> list[str]:
        raise AssertionError("each kind of vocabulary has its own")

    def _rank(self, left: str, right: str) -> int:
        raise AssertionError("each kind of vocabulary has its own")

    def _weight(self, symbol: str) -> int:
        return 1


class BytePairs(_Merging):
    """Merges of bytes, as GPT-2, Llama 3, Qwen, Phi-4 and SmolLM have them (Sennrich, Haddow, Birch 2016).

    Args:
        merges: "left right", the first to be applied first.
    """

    def __init__(self, merges: Iterable[str], cut: re.Pattern[str] = _CUT) -> None:
        super().__init__(cut)
        self._ranks = _Ranks(merges)

    def _symbols(self, part: str) -> list[str]:
        return [_SPELLED[byte] for byte in _bytes_of(part)]

    def _rank(self, left: str, right: str) -> int:
        return self._ranks.of(f"{left} {right}")


class SentencePieces(_Merging):
    """Merges of characters by score, as Llama 2, Phi-3 and Gemma have them (Kudo, Richardson 2018).

    Args:
        tokens: the one of the highest score first; a space is written as U+2581.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        super().__init__(_CUT_AT_SPACES)
        self._ranks = _Ranks(tokens)

    def _symbols(self, part: str) -> list[str]:
        return list(part.replace(" ", "\u2581"))

    def _rank(self, left: str, right: str) -> int:
        return self._ranks.of(left + right)

    def _weight(self, symbol: str) -> int:
        """A character that is not in the vocabulary is spelled by its bytes."""
        return 1 if self._ranks.of(symbol) != _NO_RANK else len(_bytes_of(symbol))


def read_vocabulary(facts: Mapping[str, Any]) -> TokenCount:
    """From the keys `tokenizer.ggml.…` of a GGUF file; bytes are counted where they say nothing that is known here."""
    kind: object = facts.get("tokenizer.ggml.model")
    merges, tokens, scores = (facts.get(f"tokenizer.ggml.{key}") or () for key in ("merges", "tokens", "scores"))
    if kind == "gpt2" and merges:
        by_three = facts.get("tokenizer.ggml.pre") in _BY_THREE
        return BytePairs(cast("Sequence[str]", merges), _CUT_BY_THREE if by_three else _CUT)
    if kind == "llama" and tokens and len(tokens) == len(scores):
        ordered = sorted(zip(scores, tokens, strict=True), key=lambda scored: -scored[0])
        return SentencePieces(token for _, token in ordered)
    return ByteCount()


def _hash(text: str) -> int:
    return hash(text) & ((1 << 44) - 1)


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _spell_bytes() -> list[str]:
    """How byte-level vocabularies write each byte: printable ones as themselves, others as characters from U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    spelled, beyond = list[str](), 0x100
    for byte in range(256):
        spelled.append(chr(byte if byte in printable else beyond))
        beyond += byte not in printable
    return spelled


_SPELLED = _spell_bytes()
