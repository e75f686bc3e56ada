"""Which of the two languages a text is in."""

import re
from typing import Literal

Language = Literal["en", "zh"]

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]+")


def detect_language(text: str) -> Language:
    """Chinese where its characters outnumber half the Latin words (names are Latin in both); else English."""
    chinese = len(_CHINESE.findall(text))
    return "zh" if chinese and 2 * chinese >= len(_WORD.findall(text)) else "en"
