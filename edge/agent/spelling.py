"""Misspelt words of commands. Only words that no sentence knows are changed, by one slip of a finger."""

import re
from collections.abc import Collection

__all__ = ["mend"]

_WORD = re.compile(r"(?<![\w.-])[a-z]{5,}(?![\w-])", re.IGNORECASE)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mend(text: str, known: Collection[str]) -> str:
    """The text, with each unknown word of five letters or more as the one known word that is a slip away from it.

    A slip is a letter too many, too few, wrong, or two of them swapped (Damerau 1964). Where several words are that
    near, the word stays.
    """

    def nearest(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word in known:
            return match[0]
        near = {slipped for slipped in _slips(word) if len(slipped) >= 4 and slipped in known}
        return near.pop() if len(near) == 1 else match[0]

    return _WORD.sub(nearest, text)


def _slips(word: str) -> set[str]:
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {left + right[1:] for left, right in halves if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1}
    wrong = {left + letter + right[1:] for left, right in halves if right for letter in _LETTERS}
    more = {left + letter + right for left, right in halves for letter in _LETTERS}
    return fewer | swapped | wrong | more
