"""The labels of numbered items: 1, a, iv, 二."""

import re
from collections.abc import Callable

_ITEM = re.compile(r"\d{1,3}[.)]|[a-zA-Z]\)|[（(](?:\d{1,2}|[a-z])[)）]")
"""What memory.documents.blocks takes for the beginning of an item."""
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_CHINESE = "〇一二三四五六七八九"


_KINDS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


def label(number: int, kind: str = "1") -> str:
    """The label of an item of an HTML list, with its full stop; `kind` as in the attribute `type`."""
    return f"{written(number, _KINDS.get(kind, 'decimal'))}."


def written(number: int, style: str) -> str:
    """A number in one of Word's styles of numbering, decimal for those that are not known."""
    if number < 1 or style not in _STYLES:
        style = "chinese" if 0 < number < 100 and style.startswith(_EASTERN) else style if style == "none" else ""
    return _STYLES.get(style, str)(number)


def _letter(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def as_item(marked: str) -> str:
    """A label as the beginning of an item: what does not read as one comes after a bullet."""
    return f"{marked} " if _ITEM.fullmatch(marked) else f"- {marked} ".replace("-  ", "- ")


def _roman(number: int) -> str:
    parts: list[str] = []
    for value, letters in _ROMAN:
        parts.append(letters * (number // value))
        number %= value
    return "".join(parts)


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    before = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return before + (_CHINESE[ones] if ones or not tens else "")


_EASTERN = ("chinese", "japanese", "taiwanese", "ideograph")
_STYLES: dict[str, Callable[[int], str]] = {
    "none": lambda _: "",
    "decimalZero": "{:02d}".format,
    "lowerLetter": _letter,
    "upperLetter": lambda number: _letter(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
    "ordinal": _ordinal,
    "decimalEnclosedCircle": lambda number: chr(ord("①") + number - 1) if number <= 20 else str(number),
    "chinese": _chinese,
}
"""Each for numbers above zero."""
