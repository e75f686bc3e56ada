"""Folding: spellings that a reader takes for the same become the same characters, in documents and questions alike.

Folded text is compared and counted, never shown: what is quoted stays as it was written.
"""

import re
import unicodedata

_HYPHENS = "\u2010\u2011\u2012\u2013\u2212\ufe58\ufe63\uff0d"
_DASHES = "\u2014\u2015\u2e3a\u2e3b"
_INVISIBLE = (0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
_SELECTORS = (*range(0xFE00, 0xFE10), 0x34F)
_WIDE_MARKS = "＃％＆＇＊＋．／＜＝＞＠＼＾＿～"
_FULL_WIDTH = {
    code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum() or chr(code) in _WIDE_MARKS
}
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_ALIKE: dict[int, str | int | None] = {
    **_FULL_WIDTH,
    **_LIGATURES,
    **{ord(hyphen): "-" for hyphen in _HYPHENS},
    **dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u2032"), "'"),
    **dict.fromkeys((*_INVISIBLE, *_SELECTORS, 0xAD)),
    0x3000: " ",
    0xB5: "\u03bc",  # micro sign
}
_DASH_IN_NAME = re.compile(f"(?<=[A-Z0-9])[{_DASHES}](?=[A-Z0-9])")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED_RUN = re.compile("[⁰¹²³⁴-⁹⁺⁻]+")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ACCENTS = dict.fromkeys(range(0x300, 0x370))
_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"})


def fold(text: str) -> str:
    """Hyphens, apostrophes, full-width letters and digits, ligatures and composed letters in one form each.

    Soft hyphens and characters of no width go. A dash between capitals or digits is a hyphen, as in "RS—485"; else it
    stays. Punctuation of Chinese stays, and so do raised and lowered figures: 10⁹ is not 109.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _DASH_IN_NAME.sub("-", text.translate(_ALIKE)))


def fold_case(text: str) -> str:
    """`fold`, and upper and lower case alike, letters without their accents, 10⁹ as 10^9, H₂O as h2o."""
    if text.isascii():
        return text.lower()
    text = _RAISED_RUN.sub(lambda run: f"^{run[0].translate(_RAISED)}", fold(text)).translate(_LOWERED)
    plain = unicodedata.normalize("NFD", text).translate(_ACCENTS).casefold().translate(_STROKES)
    return unicodedata.normalize("NFC", plain)
