"""Grounding of figures, units and codes: found in a text, in one form, so that a model's can be held against evidence.

1,000 and 1000, 85 °C and 85°C, three and 3 are the same figure.

A code is a name with letters and digits, such as SE30, E-F071 or qwen2.5-3b; the digits in it are no figures.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from edge.kernel.folding import fold

_NARROW_BLANKS = str.maketrans("\u202f\u2009", "\u00a0\u00a0")
_WIDE_THOUSANDS = re.compile(r"(?<=[０-９])，(?=[０-９]{3})")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[,\u00a0]\d{3})+(?![\d,])")
_LATIN = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*", re.ASCII)
_MEASURE = re.compile(r"(?:\d+(?:\.\d+)*-)?\d+(?:\.\d+)*-?(?P<unit>[A-Za-z]+)|v\d+(?:\.\d+)*", re.ASCII)
_NO_UNITS = frozenset(("st", "nd", "rd", "th", "x"))

_SMALL_WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_SMALL = {word: n for n, word in enumerate(f"{_SMALL_WORDS} seventeen eighteen nineteen".split())}
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * n for n, word in enumerate(_TENS_WORDS.split(), start=2)}
_HAN = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_COUNTED = re.compile(r"\s*[个次台天小分秒年月周日元度克米人颗条项页份批级层名位块张号线步]")
_FIGURE = re.compile(
    r"(?P<minus>(?<![^\s(\[|:：,，、~至到])[-–](?=\.?\d)|\bminus |零下\s*)?(?P<share>百分之\s*)?"
    r"(?:(?P<digits>\d+(?:\.\d+)*|(?<![\w.])\.\d+)|(?P<han>(?!万一)[〇零一二两三四五六七八九十百千万亿]{1,16}))"
    rf"|\b(?:(?P<tens>{'|'.join(_TENS)})(?:[ -](?P<ones>{'|'.join(_SMALL)}))?|(?P<small>{'|'.join(_SMALL)}))\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[ \u00a0-]?(%|℃|℉|°\s?[CF]\b|[A-Za-zµ]+(?:[/·][A-Za-z]+)?|[\u3400-\u9fff]{1,4})")
_SPELLINGS = {
    "%": "% percent",
    "°C": "°C ℃ degree 摄氏度 度",
    "°F": "°F ℉",
    "ms": "ms millisecond 毫秒",
    "s": "s sec second 秒",
    "min": "min minute 分钟 分",
    "h": "h hr hour 小时 个小时",
    "day": "day 天 日",
    "week": "week 周 个星期",
    "month": "month 个月",
    "year": "year 年",
    "kB": "kB KB KiB",
    "MB": "MB MiB",
    "GB": "GB GiB",
    "TB": "TB TiB",
    "mm": "mm 毫米",
    "cm": "cm 厘米",
    "m": "m metre meter 米",
    "km": "km 公里",
    "g": "g gram 克",
    "kg": "kg kilogram 公斤 千克",
    "V": "V volt 伏",
    "A": "amp ampere 安",
    "mAh": "mAh 毫安时",
    "Wh": "Wh",
    "W": "W watt 瓦",
    "kW": "kW kilowatt 千瓦",
    "Hz": "Hz hertz",
    "MHz": "MHz",
    "GHz": "GHz",
    "dB": "dB decibel 分贝",
    "K": "K kelvin",
    "bar": "bar 巴",
    "kPa": "kPa",
    "MPa": "MPa",
    "psi": "psi",
    "mm/s": "mm/s",
    "N·m": "N·m Nm",
    "rpm": "rpm",
    "EUR": "EUR euro 欧元",
    "USD": "USD dollar 美元",
    "tokens/s": "tokens/s",
    "token": "token 词元 个词元",
    "times": "times 次",
    "people": "people person 人",
    "point": "point 百分点 个百分点",
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_QUANTITIES = {
    unit: units
    for units in (
        "ms s min h day week month year",
        "kB MB GB TB",
        "mm cm m km",
        "g kg",
        "Hz MHz GHz",
        "EUR USD",
        "% point",
    )
    for unit in units.split()
}


class Amount(NamedTuple):
    """A figure, with its unit where that is known, at text[start:end].

    Attributes:
        figure: digits without separators or needless zeros, "-" in front where it is below zero.
        unit: of a few common units, in one spelling ("%", "°C", "min"); empty where none of them follows.
    """

    start: int
    end: int
    figure: str
    unit: str


def figures(text: str) -> set[str]:
    """Every figure of `text` that is not part of a code."""
    return {amount.figure for amount in amounts(plain(text))}


def plain(text: str) -> str:
    """The text as `fold` gives it, and without separators of thousands."""
    text = fold(_WIDE_THOUSANDS.sub("", text)).translate(_NARROW_BLANKS)
    return _THOUSANDS.sub(lambda found: re.sub(r"[,\u00a0]", "", found[0]), text)


def quantity(unit: str) -> str:
    """What a unit measures: the same string for minutes and hours, another one for gigabytes; empty for no unit."""
    return _QUANTITIES.get(unit, unit)


def codes(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, code) of every code of a plain text; the code is lower case and without hyphens."""
    for found in _LATIN.finditer(text):
        word = found[0]
        if re.search(r"[A-Za-z]", word) and re.search(r"\d", word) and not _is_measure(word):
            yield found.start(), found.end(), re.sub(r"[-_]", "", word).lower()


def amounts(text: str) -> Iterator[Amount]:
    """Every figure of a plain text that is not part of a code, in order."""
    masked = list(text)
    for start, end, _ in codes(text):
        masked[start:end] = "_" * (end - start)
    end = 0
    for found in _FIGURE.finditer("".join(masked)):
        figure = _value(found, text[found.end() : found.end() + 2])
        if figure and found.start() >= end:
            unit, end = ("%", found.end()) if found["share"] else _unit(text, found.end())
            yield Amount(found.start(), end, figure, unit)


def _is_measure(word: str) -> bool:
    """Whether a word with digits and letters is figure and unit ("10GB", "5-day", "2nd") or a version ("v2.1")."""
    found = _MEASURE.fullmatch(word)
    return bool(found) and (found["unit"] is None or found["unit"] in _NO_UNITS or bool(_known_unit(found["unit"])))


def _value(found: re.Match[str], following: str) -> str:
    """The figure of a match; empty where the word is none."""
    if found["tens"]:
        return str(_TENS[found["tens"].lower()] + _SMALL[(found["ones"] or "zero").lower()])
    if found["small"]:
        return str(_SMALL[found["small"].lower()])
    numeral = found["han"]
    # A lone 一 or 万 is mostly part of a word, as in 一般 and 万一, unless it counts something.
    if numeral and numeral in "一十百千万亿" and not (found["share"] or _COUNTED.match(following)):
        return ""
    figure = str(_han(numeral)) if numeral else _normal(found["digits"])
    return f"-{figure}" if found["minus"] and figure != "0" else figure


def _normal(digits: str) -> str:
    """Without needless zeros; versions such as 4.1.20 keep theirs."""
    if digits.count(".") > 1:
        return digits
    whole, _, rest = digits.partition(".")
    rest = rest.rstrip("0")
    return f"{whole.lstrip('0') or '0'}{'.' if rest else ''}{rest}"


def _han(numeral: str) -> int:
    """Read a Chinese numeral; digits in a row, as in 二〇二六, are one number."""
    if not any(letter in _HAN_TENS for letter in numeral):
        return int("".join(str(_HAN[letter]) for letter in numeral))
    total = section = digit = 0
    for letter in numeral:
        if letter in _HAN:
            digit = _HAN[letter]
        elif (worth := _HAN_TENS[letter]) < 10_000:
            section, digit = section + (digit or 1) * worth, 0
        else:
            total, section, digit = total + (section + digit or 1) * worth, 0, 0
    return total + section + digit


def _unit(text: str, start: int) -> tuple[str, int]:
    """The unit after a figure that ends at `start`, and where it ends; ("", start) where no known one follows."""
    found = _UNIT.match(text, start)
    if not found:
        return "", start
    word, first = found[1], found.start(1)
    if word[0] < "\u3400":
        unit = _known_unit(re.sub(r"\s", "", word))
        return unit, found.end() if unit else start
    for length in range(len(word), 0, -1):
        if word[:length] in _UNITS:
            return _UNITS[word[:length]], first + length
    return "", start


def _known_unit(word: str) -> str:
    plain_word = word.lower().removesuffix("s") if len(word) > 3 else word
    return _UNITS.get(word) or _UNITS.get(plain_word, "")
