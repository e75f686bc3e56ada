"""Which of the two languages a text is in."""

import re
from typing import Literal

__all__ = ["Language", "language_of"]

Language = Literal["en", "zh"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]+")


def language_of(text: str) -> Language:
    """Chinese where its characters outnumber half the Latin words (names are Latin in both); else English."""
    han = len(_HAN.findall(text))
    return "zh" if han and 2 * han >= len(_WORD.findall(text)) else "en"
