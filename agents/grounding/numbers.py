"""Figures in a text, in one form, so that 1,000 and 1000 or 85 °C and 85°C are the same figure."""

import re
from decimal import Decimal, InvalidOperation

__all__ = ["figures"]

_FIGURE = re.compile(r"(?<![\w.])[-+−]?\d[\d,\u202f\u00a0]*(?:\.\d+)?|(?<=[A-Za-z_-])\d+(?:\.\d+)*|(?<=\d\.)\d+")
_CHINESE_DIGITS = str.maketrans("０１２３４５６７８９．，", "0123456789.,")
_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "twenty": "20", "thirty": "30", "hundred": "100",
}  # fmt: skip
_WORD = re.compile(r"\b(" + "|".join(_WORDS) + r")\b", re.IGNORECASE)


def figures(text: str) -> set[str]:
    """Every figure of `text`: digits without separators or trailing zeros, sign dropped, number words to twelve."""
    text = text.translate(_CHINESE_DIGITS)
    found = {_normal(match.group()) for match in _FIGURE.finditer(text)}
    found.update(_WORDS[match.group().lower()] for match in _WORD.finditer(text))
    return found


def _normal(figure: str) -> str:
    plain = re.sub(r"[,\u202f\u00a0+−-]", "", figure)
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return plain
    return format(value.normalize(), "f")
