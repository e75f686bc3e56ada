"""Cells of spreadsheets as they are shown: dates, percentages, currencies and figures by their number format."""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)(?:-[^\]]*)?\]|\[[^\]]*\]|_.|\*.')
_DIGITS = re.compile(r"(?:[#0?][#0?,]*(?:\.[#0?]+)?|\.[#0?]+),*")
_EXPONENT = re.compile(r"[#0?]+(?:\.([#0?]+))?E[+-]0+", re.IGNORECASE)
_DATE_TOKEN = re.compile(r"y+|m+|d+|h+|s+(?:\.0+)?|AM/PM|A/P|.", re.IGNORECASE | re.DOTALL)
_LOCAL_DATES = frozenset(("m/d/yyyy", "mm-dd-yy", "m/d/yy", "m/d/yy h:mm", "m/d/yyyy h:mm"))
"""Shown in the order that the reader's computer has: written here as year, month, day."""
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MOST_DIGITS = 15
_PLAIN_BELOW = 1e15


class _Figure(NamedTuple):
    """One section of a number format; `decimals` is below 0 where it shows words alone."""

    before: str
    after: str
    decimals: int
    least_digits: int
    thousands: bool
    scale: float
    exponent: bool


def shown(value: object, number_format: str) -> str:
    """What a cell shows.

    Args:
        value: a number, text, truth value, date, time or span of time; None for an empty cell.
        number_format: such as "0.00 %" or '#,##0.00 "€"'; what is not understood gives the plain value.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | date | time):
        return _moment(value, number_format)
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, int | float):
        return _number(value, number_format)
    return str(value)


def _number(value: float, number_format: str) -> str:
    sections = _sections(number_format)
    place = 1 if value < 0 else 2 if value == 0 else 0
    section = sections[place if place < len(sections) else 0]
    figure = _figure(section)
    if figure is None:
        return _plain(value)
    if figure.decimals < 0:
        return figure.before.strip()
    negative = value < 0 and len(sections) < 2
    value = abs(value) * figure.scale
    if figure.exponent:
        words = f"{value:.{figure.decimals}E}"
    else:
        rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-figure.decimals), ROUND_HALF_UP)
        words = f"{rounded:{',' if figure.thousands else ''}f}"
        whole, point, rest = words.partition(".")
        words = whole.rjust(figure.least_digits, "0") + point + rest
    return f"{'-' if negative else ''}{figure.before}{words}{figure.after}".strip()


def _plain(value: float) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < _PLAIN_BELOW):
        return str(int(value))
    return f"{value:.{_MOST_DIGITS}g}"


@lru_cache(maxsize=512)
def _sections(number_format: str) -> tuple[str, ...]:
    """The parts of a format for what is above, below and at zero."""
    parts, quoted, part = list[str](), False, ""
    for letter in number_format:
        if letter == ";" and not quoted:
            parts.append(part)
            part = ""
            continue
        quoted ^= letter == '"'
        part += letter
    return (*parts, part)


@lru_cache(maxsize=512)
def _figure(section: str) -> _Figure | None:
    """None for "General", text, fractions and what has no digits."""
    if re.search(r"General|@|[#0?]\s*/\s*[#0?\d]", section):
        return None
    pieces: list[str] = []
    literal = {"": ""}

    def keep(found: re.Match[str]) -> str:
        words = next((each for each in found.groups() if each is not None), "" if found[0][0] != "_" else " ")
        mark = chr(0xE000 + len(pieces))  # of the private use area, so that no literal is taken for a digit
        pieces.append(words)
        literal[mark] = words
        return mark

    bare = _LITERAL.sub(keep, section)
    exponent = _EXPONENT.search(bare)
    digits = exponent or _DIGITS.search(bare)

    def written(text: str) -> str:
        return "".join(literal.get(letter, letter) for letter in text)

    if digits is None:
        return _Figure(written(bare), "", -1, 0, thousands=False, scale=1.0, exponent=False) if bare.strip() else None
    pattern = digits[0]
    whole, _, rest = pattern.partition(".")
    if exponent:
        decimals, trailing = len(exponent[1] or ""), 0
    else:
        decimals = len(rest.rstrip(","))
        trailing = len(pattern) - len(pattern.rstrip(","))
    scale = 0.001**trailing * 100.0 ** bare.count("%")
    return _Figure(
        written(bare[: digits.start()]),
        written(bare[digits.end() :]),
        decimals,
        whole.count("0"),
        thousands="," in whole.rstrip(","),
        scale=scale,
        exponent=bool(exponent),
    )


def _moment(value: datetime | date | time, number_format: str) -> str:
    section = _sections(number_format)[0]
    tokens: list[str] = _DATE_TOKEN.findall(_LITERAL.sub(lambda found: found[1] or found[2] or "", section))
    known = section.lower() not in _LOCAL_DATES and any(token[0] in "yYdDhHsSmM" for token in tokens)
    if not known or (isinstance(value, time) and any(token[0] in "yYdD" for token in tokens)):
        return _iso(value)
    halves = any(token.upper() in ("AM/PM", "A/P") for token in tokens)
    words = ""
    for at, token in enumerate(tokens):
        beside = [each[0].lower() for each in tokens[at + 1 :] if each[0].lower() in "ymdhs"][:1]
        before = [each[0].lower() for each in tokens[:at] if each[0].lower() in "ymdhs"][-1:]
        minutes = token[0] in "mM" and ("s" in beside or "h" in before)
        words += _part(value, token.lower(), minutes=minutes, halves=halves)
    return words.strip() or _iso(value)


def _part(value: datetime | date | time, token: str, *, minutes: bool, halves: bool) -> str:
    """One token of a date's format."""
    if token in ("am/pm", "a/p"):
        return "" if not isinstance(value, datetime | time) else "PM" if value.hour >= 12 else "AM"
    if isinstance(value, datetime | time):
        hour = (value.hour + 11) % 12 + 1 if halves else value.hour
        clock = {"h": hour, "s": value.second}.get(token[0], value.minute if minutes else None)
        if clock is not None and token[0] in "hms":
            return f"{clock:02}" if len(token.partition(".")[0]) > 1 else str(clock)
    if isinstance(value, date):
        return _day_part(value, token)
    return token


def _day_part(value: date, token: str) -> str:
    width = len(token)
    if token[0] == "y":
        return f"{value.year:04}" if width > 2 else f"{value.year % 100:02}"
    if token[0] == "m":
        name = _MONTHS[value.month - 1]
        return name if width > 3 else name[:3] if width == 3 else f"{value.month:0{width}}"
    if token[0] == "d":
        name = _DAYS[value.weekday()]
        return name if width > 3 else name[:3] if width == 3 else f"{value.day:0{width}}"
    return token


def _iso(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    return value.isoformat("minutes") if isinstance(value, time) else value.isoformat()
