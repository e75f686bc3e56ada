"""Whether a model has begun to loop: the same piece again and again at the end of what it writes."""

import re
from collections import Counter

__all__ = ["repeats"]

_LONGEST_PIECE = 80
_LEAST_REPEATED = 32
"""Characters that the repetitions of a piece must fill; a short piece repeats often before that."""
_WINDOW = 1200
_GRAM = 5
_GRAM_TIMES = 4
_WORD = re.compile(r"\w+")


def repeats(text: str) -> bool:
    """True where the end of the text is one piece at least four times over, or says the same five words four times."""
    tail = text[-_WINDOW:]
    if len(tail) >= _LEAST_REPEATED and any(_ends_in(tail, length) for length in range(1, _LONGEST_PIECE + 1)):
        return True
    words = _WORD.findall(tail.lower())
    grams = Counter(zip(*(words[at:] for at in range(_GRAM)), strict=False))
    return bool(grams) and max(grams.values()) >= _GRAM_TIMES


def _ends_in(text: str, length: int) -> bool:
    times = max(4, -(-_LEAST_REPEATED // length))
    return len(text) >= length * times and text.endswith(text[-length:] * times)
