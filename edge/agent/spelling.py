"""Misspelt words of commands. Only words that no sentence knows are changed, by one slip of a finger."""

import re
from collections.abc import Collection

__all__ = ["mend"]

_WORD = re.compile(r"(?<![\w.-])[a-z]{4,20}(?![\w-])", re.IGNORECASE)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mend(text: str, known: Collection[str]) -> str:
    """The text, with each unknown word as the one known word that is a slip away from it.

    A slip is a letter too many, too few, wrong, or two of them swapped (Damerau 1964); in words of four letters only
    the last. Shorter words stay, and so does one to which several known words are that near.
    """

    def nearest(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word in known:
            return match[0]
        slips = _swapped(word) if len(word) == 4 else _slips(word)
        near = {slipped for slipped in slips if slipped in known and slipped[0] == word[0]}
        return near.pop() if len(near) == 1 else match[0]

    return _WORD.sub(nearest, text)


def _swapped(word: str) -> set[str]:
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}


def _slips(word: str) -> set[str]:
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {left + right[1:] for left, right in halves if right}
    wrong = {left + letter + right[1:] for left, right in halves if right for letter in _LETTERS}
    more = {left + letter + right for left, right in halves for letter in _LETTERS}
    return fewer | _swapped(word) | wrong | more
