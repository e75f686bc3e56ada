"""Quantities in a message, English and Chinese: shares, times, counts, rates, schedules, sizes, quoted words."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

QuantityKind = Literal[
    "percent", "points", "duration", "count", "number", "rate", "schedule", "moment", "size", "digest", "quoted"
]
Bound = Literal["least", "most"]
Value = float | str | Mapping[str, object]

LONGEST = 4_000
"""Letters of a message that are read; what is behind them holds no quantities."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity, and where it stands: `words` is the text from `start` to `end`.

    Attributes:
        value: by kind: the number as said for percent (10 for "10 %"), points and number; seconds for a duration; bytes
            for a size; how many for a count and a rate; the schedule of a job as JSON; the words of a moment; the text
            between the quotes; the digest in lower case. Negative where it is to become less ("lower by 5").
        unit: "%" ("" where a list of steps says none), "points", "s", "bytes"; what is counted, in the plural
            ("requests"); for a rate such as "requests_per_minute", "tokens_per_day", "concurrent_requests"; "times" of
            a factor ("twice"); "" for a plain number.
        bound: it is said to be the least or the most.
        relative: by how much something changes, not to what.
    """

    start: int
    end: int
    words: str
    kind: QuantityKind
    value: Value
    unit: str = ""
    bound: Bound | None = None
    relative: bool = False


class _Found(NamedTuple):
    kind: QuantityKind
    value: Value
    unit: str = ""
    relative: bool = False


_UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "zero": 0,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SCALES = {
    "k": 1e3, "thousand": 1e3, "grand": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9,
    "hundred": 100.0, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8,
}  # fmt: skip
_HAN_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}

_UNIT_WORDS = "|".join(sorted(_UNITS, key=len, reverse=True))
_TEN_WORDS = "|".join(_TENS)
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_WORDED = (
    rf"(?:(?:a|one)\s+hundred(?:\s+and\s+(?:{_TEN_WORDS}|{_UNIT_WORDS}))?|a\s+(?:thousand|million)"
    rf"|(?:{_TEN_WORDS})(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?(?![\w-])"
    rf"|(?:{_UNIT_WORDS})(?![\w-])"
    rf"(?:\s+hundred)?)"
)
_HAN = r"[零〇一二两三四五六七八九十百千]+(?:点[零一二三四五六七八九]+)?"
_BEFORE = r"(?<![A-Za-z0-9_.@#/:])(?<![A-Za-z0-9_][-−–])(?<!\d,)"
"""No letter of a name stands before a number; a Chinese letter may."""
_NUMBER = rf"(?:{_BEFORE}[-−–]?(?:{_DIGITS})|{_BEFORE}{_WORDED})"
_ANY_NUMBER = rf"(?:{_NUMBER}|{_HAN})"
_SCALE = r"(?:k(?![A-Za-z])|m(?![A-Za-z])|mio\b|bn\b|thousand|million|billion|hundred|百万|千万|万|千|亿)"
_FLAGS = re.IGNORECASE


def number_of(words: str) -> float:
    """The number that digits or words in English or Chinese say; NaN for others."""
    plain = re.sub(r"\s+", " ", words.lower().replace(",", "").strip())
    if plain[:1] in {"-", "−", "–"}:
        return -number_of(plain[1:])
    try:
        return float(plain) if plain.isascii() else _han(plain)
    except ValueError:
        return _worded(plain)


def _worded(words: str) -> float:
    total = current = 0.0
    for word in re.split(r"[\s-]", words):
        if word in _UNITS or word in _TENS:
            current += _UNITS.get(word, 0) + _TENS.get(word, 0)
        elif word in {"a", "an", "and"}:
            current = current or (1 if word != "and" else 0)
        elif word == "hundred":
            current = (current or 1) * 100
        elif word in _SCALES:
            total, current = total + (current or 1) * _SCALES[word], 0.0
        else:
            return float("nan")
    return total + current


def _han(words: str) -> float:
    """A number below 10,000, such as 一百二十 or 零点五; NaN for others."""
    whole, _, fraction = words.partition("点")
    if not whole or any(letter not in _HAN_DIGITS and letter not in _HAN_SCALES for letter in whole + fraction):
        return float("nan")
    if len(whole) > 1 and not any(letter in _HAN_SCALES for letter in whole):
        total = float("".join(str(_HAN_DIGITS[letter]) for letter in whole))
    else:
        total, current = 0.0, None
        for letter in whole:
            if letter in _HAN_SCALES:
                total, current = total + (1 if current is None else current) * _HAN_SCALES[letter], None
            else:
                current = _HAN_DIGITS[letter]
        total += current or 0
    return total + (float("0." + "".join(str(_HAN_DIGITS[letter]) for letter in fraction)) if fraction else 0.0)


def _scaled(number: str, scale: str | None) -> float:
    return round(number_of(number) * _SCALES.get((scale or "").lower(), 1.0), 6)


# Bounds, and by how much: what stands before or behind a quantity.

_LEAST = (
    r"(?:at least|at the least|above|more than|higher than|greater than|高于|超过|大于|a minimum of"
    r"|min(?:imum)?(?: of)?|no (?:less|fewer|shorter) than|not less than|from"
    r"(?= \S+ (?:up|on)\b)|最少|至少|不少于|不低于|最低|不小于)"
)
_MOST = (
    r"(?:at (?:the )?most|a maximum of|max(?:imum)?(?: of)?|no (?:more|longer|greater|higher) than"
    r"|not (?:more than|above|over|exceeding)|up to|limit(?:ed)? (?:of|to)|within|below|under|less than"
    r"|fewer than|capped at|cap(?: of)?"
    r"|最多|至多|不超过|不多于|不高于|最长|最高|不大于|上限)"
)
_BOUND_BEFORE = re.compile(
    rf"(?:(?P<least>{_LEAST})|(?P<most>{_MOST}))\s*"
    r"(?:为|是|of|可?以?(?:增加|上升|提高|降低|减少))?\s*$",
    _FLAGS,
)
_BOUND_AFTER = re.compile(
    r"\s*(?:(?P<least>or (?:more|longer|higher|above)\b|at (?:the )?least\b|minimum\b|and (?:up|above)\b"
    r"|以上|起(?![步来初用点草]))"
    r"|(?P<most>or (?:less|fewer|below|shorter)\b|at (?:the )?most\b|tops\b|max(?:imum)?\b|以内|以下|之内"
    r"|内(?!部|容|存)))",
    _FLAGS,
)
_BY = re.compile(
    r"(?:\b(?:(?P<less>lower(?:ed)?|reduced?|decreased?|cut|drop|shorten|shrink|slow|down)"
    r"|(?:raised?|increased?|bump|extend|grow|up|widen|expand|lengthen|ramp|step|move|change"
    r"|adjust))\b[^.;,，。；]{0,40})?"
    r"\bby\s+(?:another\s+|an additional\s+)?$",
    _FLAGS,
)
_ANOTHER = re.compile(
    r"(?:\b(?:another|an additional|an extra|additional|extra|a further)\s+|再(?:加|增加|多|给|来)\s*)$", _FLAGS
)
_HAN_CHANGE = re.compile(
    r"(?:(?P<more>提高|增加|上调|加大|增大|增长|调高|延长|加)|(?P<less>降低|减少|下调|减小|调低|缩短|减))了?\s*$"
)
_MORE_AFTER = re.compile(
    r"\s*(?:(?P<more>more|extra|higher|longer|extra)|(?P<less>less|fewer|lower|shorter))\b", _FLAGS
)
_RELATIVE_KINDS = frozenset({"percent", "points", "duration", "count", "number", "rate", "size"})


# What each pattern gives.


_QUOTES = re.compile(
    r"```[^\n`]{0,20}\n?(?P<fence>[\s\S]*?)```|`(?P<code>[^`\n]+)`|“(?P<curly>[^“”]+)”|「(?P<corner>[^「」]+)」"
    r"|『(?P<white>[^『』]+)』|《(?P<book>[^《》]+)》|«\s?(?P<french>[^«»]+?)\s?»|„(?P<low>[^„“”]+)[“”]"
    r"|\"(?P<straight>[^\"]+)\"|(?<!\w)‘(?P<single>[^‘’]+(?:’(?=\w)[^‘’]*)*)’(?!\w)"
    r"|(?<![\w'])'(?P<plain>[^'\n]+(?:'(?=\w)[^'\n]*)*)'(?!\w)"
)
_DIGEST = re.compile(r"(?<!\w)sha256:[0-9a-f]{64}(?!\w)", _FLAGS)


def _digest(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    yield match.start(), match.end(), _Found("digest", match[0].lower())


_ADDRESS = re.compile(r"\b[a-z][a-z+]*://[^\s，。；]+|(?<![\w.])\d+(?:\.\d+){2,}(?![\w%])", _FLAGS)

_HOUR = r"(?P<hour>\d{1,2}|noon|midnight|[a-z]+)(?:[:.](?P<minute>\d{2}))?\s*(?P<half>am|pm|a\.m\.|p\.m\.|o['’]?clock)?"
_AT = rf"(?:\s*,?\s*(?:at|@)\s*{_HOUR}(?![\w%:]))"
_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0}
_DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_WHEN = (
    r"(?P<when>(?:every|each)\s+(?:single\s+)?(?:night|day|morning|evening|afternoon|week(?:day)?s?|weekends?|month)"
    r"|(?:daily|nightly|weekly|monthly)(?=\s*(?:$|[.,;!?)，。；]|(?:at|on|and|please|for|from|with|as|to)\b|@))"
    r"|(?:on\s+)?(?:week|work(?:ing\s+)?)days|(?:on\s+|at\s+)?weekends|each\s+weekday"
    rf"|(?:every|each)\s+(?P<day>{_DAY})s?(?P<days>(?:\s*(?:,|and|&)\s*(?:every\s+)?{_DAY}s?)*)"
    rf"|on\s+(?P<plural>{_DAY})s(?P<plurals>(?:\s*(?:,|and|&)\s*{_DAY}s)*))"
)
_CRON_EN = re.compile(
    rf"(?<![\w-]){_WHEN}(?![\w-]){_AT}?|(?<![\w-])(?:at\s+)?(?P<late>noon|midnight)\s+every\s+day\b", _FLAGS
)
_AT_FIRST = re.compile(
    rf"(?<![\w-])(?:at\s+)?(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d{{2}}))?\s*(?P<half>am|pm)?\s+"
    rf"(?P<when>(?:every|each)\s+(?:night|day|morning|evening|weekday|(?P<day>{_DAY}))|daily|on\s+weekdays)(?![\w-])",
    _FLAGS,
)
_NAMED_HOURS = {"noon": 12, "midnight": 0}


def _hour_of(hour: str | None, minute: str | None, half: str | None, when: str) -> tuple[int, int] | None:
    """Hour and minute; None where it is none. "nights at 2" are early, "evening at 8" is late."""
    if hour is None:
        return None
    at = float(hour) if hour.isdigit() else float(_NAMED_HOURS.get(hour.lower(), _UNITS.get(hour.lower(), -1)))
    if not 0 <= at <= 24 or (minute and int(minute) > 59):
        return None
    late = (half or "").lower().startswith("p") or re.search(r"evening|afternoon|下午|晚上|傍晚|晚", when) is not None
    night = re.search(r"night", when, _FLAGS) is not None and not half and 6 <= at < 12
    if (late or night) and at < 12:
        at += 12
    if (half or "").lower().startswith("a") and at == 12:
        at = 0
    return int(at) % 24, int(minute or 0)


_USUAL = {"night": 0, "nightly": 0, "morning": 8, "evening": 18, "afternoon": 14}


def _cron(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    parts = match.groupdict()
    if parts.get("late"):
        hour = _NAMED_HOURS[parts["late"].lower()]
        yield match.start(), match.end(), _Found("schedule", {"on": "cron", "expression": f"0 {hour} * * *"})
        return
    when = parts["when"].lower()
    said = _hour_of(parts["hour"], parts["minute"], parts["half"], when)
    end = match.end()
    if said is None:
        end = match.end("when")
        said = (next((hour for word, hour in _USUAL.items() if word in when), 0), 0)
    yield (
        match.start(),
        end,
        _Found("schedule", {"on": "cron", "expression": f"{said[1]} {said[0]} {_days(when, parts)}"}),
    )


def _days(when: str, parts: Mapping[str, str | None]) -> str:
    first = parts.get("day") or parts.get("plural")
    if first:
        rest = f"{parts.get('days') or ''} {parts.get('plurals') or ''}"
        named = [first[:3].lower(), *(day[:3].lower() for day in re.findall(_DAY, rest, _FLAGS))]
        return f"* * {','.join(str(_DAYS[day]) for day in dict.fromkeys(named))}"
    if re.search(r"weekday|work(?:ing\s+)?day", when):
        return "* * 1-5"
    if "weekend" in when:
        return "* * 0,6"
    if "week" in when:
        return "* * 1"
    return "1 * *" if "month" in when else "* * *"


_TIME_UNITS = {
    "ms": 0.001, "millisecond": 0.001, "毫秒": 0.001, "second": 1, "sec": 1, "s": 1, "秒": 1, "minute": 60,
    "min": 60, "m": 60, "分": 60, "分钟": 60, "hour": 3600,
    "hr": 3600, "h": 3600, "小时": 3600, "时": 3600, "钟头": 3600, "day": 86400, "d": 86400, "天": 86400, "日": 86400,
    "week": 604800, "wk": 604800, "w": 604800, "周": 604800, "星期": 604800, "month": 2592000, "月": 2592000,
    "year": 31536000, "yr": 31536000, "年": 31536000, "fortnight": 1209600,
    # typing errors
    "minuts": 60, "minuets": 60, "mintues": 60, "minuite": 60, "mins": 60, "huor": 3600, "hous": 3600, "houre": 3600,
    "secnd": 1, "secound": 1, "dya": 86400, "wek": 604800, "minut": 60, "miniute": 60,
}  # fmt: skip
_TIME_UNIT_EN = (
    r"(?:milliseconds?|ms|seconds?|secs?|secnds?|secounds?|minutes?|mintues?|minuets?|minuts?|minuites?|miniutes?|mins?|hours?"
    r"|hrs?|huors?"
    r"|houres?|hous|days?|dyas?|weeks?|weks?|wks?|fortnights?|months?|years?|yrs?)(?![A-Za-z])"
)
_TIME_UNIT_HAN = (
    r"(?:毫秒|秒钟?|分钟|分(?![之类析支发])|(?:个)?(?:小时|钟头)|天|(?:个)?(?:星期|礼拜)|周(?![一二三四五六日末])"
    r"|个月|年(?!前))"
)
_EVERY_EN = re.compile(
    rf"(?<![\w-])(?:(?:every|each|once\s+(?:every|an?))\s+(?:(?P<number>{_NUMBER}|other|half(?:\s+an?)?"
    rf"|couple\s+of)\s*-?\s*)?"
    rf"(?P<unit>{_TIME_UNIT_EN}|s(?![A-Za-z])|h(?![A-Za-z])|m(?![A-Za-z]))|(?P<hourly>hourly)(?![\w-]))",
    _FLAGS,
)
_EVERY_HAN = re.compile(
    rf"每(?:隔|过)?\s*(?P<number>{_ANY_NUMBER}|半)?\s*(?P<unit>秒钟?|分钟|(?:个)?小时|(?<=\d)天"
    rf"|(?<=[一两二三四五六七八九十])天)(?:\s*(?:跑|运行|执行|做)?一次)?"
)
_PERIODS = frozenset({"day", "week", "month", "year", "fortnight"})


def _seconds(number: float, unit: str) -> float:
    word = unit.lower().lstrip("个")
    for spelling in (word, word.rstrip("s"), word.rstrip("钟"), {"礼拜": "周"}.get(word, word)):
        if spelling in _TIME_UNITS:
            return round(number * _TIME_UNITS[spelling], 3)
    return float("nan")


def _every(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    parts = match.groupdict()
    if parts.get("hourly"):
        yield match.start(), match.end(), _Found("schedule", {"on": "interval", "every_s": 3600})
        return
    number = (parts["number"] or "").lower()
    if not number and match["unit"].lower().rstrip("s") in _PERIODS:
        return  # "every day" is a schedule by the clock
    count = 2.0 if number in {"other", "couple of"} else 0.5 if number.startswith(("half", "半")) else None
    count = (number_of(number) if number else 1.0) if count is None else count
    every = _seconds(count, match["unit"])
    if every >= 1:
        yield match.start(), match.end(), _Found("schedule", {"on": "interval", "every_s": _whole(every)})


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


_HAN_TIME = (
    rf"(?:(?P<part>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|夜里|深夜|半夜|晚|早)?(?:的)?\s*"
    rf"(?:(?P<hour>\d{{1,2}}|{_HAN})\s*(?:点钟?|时)\s*(?:(?P<half>半)|(?P<minute>\d{{1,2}}|{_HAN})\s*分?|整)?"
    rf"|(?P<clock>\d{{1,2}})[:：](?P<clock_minute>\d{{2}})))"
)
_HAN_WHEN = (
    r"(?P<when>每天|每日|天天|每(?:个)?工作日|工作日|每(?:天)?(?:晚上|晚|夜里|夜)|每(?:天)?(?:早上|早)|每(?:个)?周末"
    r"|每(?:个)?(?:周|星期|礼拜)(?P<days>[一二三四五六日天](?:[、,，和至到]?(?:周|星期)?[一二三四五六日天])*)?"
    r"|每(?:个)?月)"
)
_CRON_HAN = re.compile(rf"{_HAN_WHEN}\s*(?:的)?\s*(?P<at>{_HAN_TIME})?")
_HAN_WEEKDAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 0, "天": 0}


def _cron_han(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    when, end = match["when"], match.end() if match["at"] else match.end("when")
    hour, minute = 0, 0
    if match["at"]:
        hour, minute = _han_clock(match)
    elif re.search("早", when):
        hour = 8
    days = "* * *"
    if match["days"]:
        named = re.sub(r"周|星期", "", match["days"])
        numbers = [str(_HAN_WEEKDAYS[day]) for day in named if day in _HAN_WEEKDAYS]
        days = f"* * {'-'.join(numbers) if re.search('[至到]', named) and len(numbers) == 2 else ','.join(numbers)}"
    elif "工作日" in when:
        days = "* * 1-5"
    elif "周末" in when:
        days = "* * 0,6"
    elif re.fullmatch(r"每(?:个)?(?:周|星期|礼拜)", when):
        days = "* * 1"
    elif "月" in when:
        days = "1 * *"
    if 0 <= hour <= 23 and 0 <= minute <= 59:
        yield match.start(), end, _Found("schedule", {"on": "cron", "expression": f"{minute} {hour} {days}"})


def _han_clock(match: re.Match[str]) -> tuple[int, int]:
    """Hour and minute; -1 where it is no time."""
    hour = number_of(match["clock"] or match["hour"])
    minute = 30 if match["half"] else number_of(match["clock_minute"] or match["minute"] or "0")
    if not (0 <= hour <= 24 and 0 <= minute <= 59):
        return -1, -1
    part = (match["part"] or "") + (match.groupdict().get("when") or "")
    if re.search(r"下午|傍晚|晚", part) and hour < 12:
        hour += 12
    return int(hour) % 24, int(minute)


_ONCE = re.compile(
    r"(?<![\w-])(?:just |only )?(?<!at )once(?: only)?(?=\s*(?:[.!?;,)]|$|\bon\b|\bright now\b|\bnow\b|\band then\b))"
    r"|(?<![\w-])(?:just |only )?one time(?: only)?\b|(?:只|仅)(?:运行|跑|执行|做)?一次|一次性"
    r"|(?<=[行跑做])一次(?![能就])",
    _FLAGS,
)


def _once(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    yield match.start(), match.end(), _Found("schedule", {"on": "once"})


_PER = {"minute": "minute", "min": "minute", "m": "minute", "day": "day", "d": "day", "hour": "hour", "h": "hour", "second": "second", "sec": "second", "s": "second", "month": "month", "分钟": "minute", "分": "minute", "天": "day", "日": "day", "小时": "hour", "秒": "second", "月": "month"}  # fmt: skip # noqa: E501
_WHAT_EN = r"(?P<what>requests?|reqs?|requsts?|calls?|tokens?|tokns?|errors?)"
_PER_EN = (
    r"(?:\s*/\s*|\s+(?:per|a|an|each|every)\s+)(?P<per>minute|min|day|d|hour|h|second|sec|s|month|mintue"
    r"|m)(?![A-Za-z])"
)
_RATES = (
    re.compile(rf"(?P<number>{_ANY_NUMBER})\s*(?P<scale>{_SCALE})?\s*{_WHAT_EN}{_PER_EN}", _FLAGS),
    re.compile(rf"(?P<number>{_NUMBER})\s*(?P<scale>{_SCALE})?\s*(?P<short>rpm|tpm|rps|qps|rpd|tpd)\b", _FLAGS),
    re.compile(
        rf"每(?:个)?(?P<per>分钟|天|日|小时|秒|月)(?:最多|不超过|至多"
        rf"|上限)?\s*(?P<number>{_ANY_NUMBER})\s*(?P<scale>{_SCALE})?"
        r"\s*(?:次|个)?\s*(?P<what>请求|调用|tokens?|词元|令牌|次)?(?<![\d零一二两三四五六七八九十百千万])",
        _FLAGS,
    ),
    re.compile(
        rf"(?P<number>{_ANY_NUMBER})\s*(?P<scale>{_SCALE})?\s*(?:次|个)?\s*(?P<what>请求|调用|tokens?|词元"
        rf"|次)?\s*(?:/|每)\s*"
        r"(?P<per>分钟|天|日|小时|秒|月)",
        _FLAGS,
    ),
    re.compile(
        rf"(?P<number>{_ANY_NUMBER})\s*(?:个)?\s*(?P<concurrent>(?:concurrent|parallel"
        rf"|simultaneous)(?:\s+(?:requests?|calls?))?"
        r"|(?:requests?|calls?)\s+(?:at once|in parallel|at a time|at the same time|concurrently)|并发(?:请求|数)?)",
        _FLAGS,
    ),
    re.compile(rf"(?P<concurrent>并发(?:请求|数)*)(?:为|到|是|上限)?\s*(?P<number>{_ANY_NUMBER})", _FLAGS),
)  # fmt: skip
_SHORT_RATES = {
    "rpm": "requests_per_minute", "tpm": "tokens_per_minute", "rps": "requests_per_second",
    "qps": "requests_per_second", "rpd": "requests_per_day", "tpd": "tokens_per_day",
}  # fmt: skip


def _rate(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    parts = match.groupdict()
    value = _scaled(match["number"], parts.get("scale"))
    if parts.get("concurrent"):
        unit = "concurrent_requests"
    elif parts.get("short"):
        unit = _SHORT_RATES[match["short"].lower()]
    else:
        what = (parts.get("what") or "次").lower()
        named = "tokens" if what.startswith(("tok", "词", "令")) else "errors" if what.startswith("err") else "requests"
        per = match["per"].lower()
        unit = f"{named}_per_{_PER.get(per, 'minute')}"
    if value == value:  # noqa: PLR0124 - not NaN
        yield match.start(), match.end(), _Found("rate", value, unit)


_MARK = (
    r"\s?(?:%|％|percent(?:age)?(?! ?points?)(?![A-Za-z])|per\s?cent(?![A-Za-z])|pct(?![A-Za-z])"
    r"|precent(?![A-Za-z])|persent(?![A-Za-z])|procent(?![A-Za-z]))"
)
_THEN = (
    r"\s*(?:,|，|、|/|->|→|=>|;|then|and|to|or|再到|再|然后到|然后|到|和|&|-(?=\s?\d))\s*(?:and\s+)?(?:then\s+"
    r"|再到?\s*|到\s*|to\s+)*"
)
_ITEM = rf"(?:(?:(?<![\w%％.@#])[-−–])?(?<![A-Za-z_.@#])(?<!\d)(?:{_DIGITS})|(?<![A-Za-z0-9_-]){_WORDED})"
_ALONE = r"(?=\s*(?:$|[,.;:!?)，。；、]|->|→|=>|and\b|then\b|with\b|on\b|of\b|再|然后|到|和))"
_PERCENTS = re.compile(
    rf"{_BEFORE}(?:{_ITEM}(?:{_MARK})?{_THEN})*{_ITEM}{_MARK}(?:{_THEN}{_ITEM}(?:{_MARK}|{_ALONE}))*", _FLAGS
)
_ITEMS = re.compile(rf"(?P<number>{_ITEM})(?P<mark>{_MARK})?", _FLAGS)
_STEPS = re.compile(
    rf"{_BEFORE}\d{{1,3}}(?:\.\d+)?(?:(?:\s*(?:->|→|=>|,?\s*(?:and\s+)?then(?:\s+to)?|，?再到|，?然后到?"
    rf"|，?再)\s*\d{{1,3}}(?:\.\d+)?)+"
    r"|(?:\s*/\s*\d{1,3}){2,})(?![\w%.:/-]*\w)",
    _FLAGS,
)
_HAN_PERCENT = re.compile(
    rf"百分之\s*(?P<share>{_HAN}|\d+(?:\.\d+)?)"
    rf"|(?P<tenths>[一二两三四五六七八九])成(?P<half>半)?(?![为功就员立长本果绩])"
    r"|(?P<all>百分百)"
)
_SHARES = {
    "half": 50.0, "one half": 50.0, "a half": 50.0, "a quarter": 25.0, "one quarter": 25.0, "three quarters": 75.0,
    "a fifth": 20.0, "one fifth": 20.0, "a tenth": 10.0, "one tenth": 10.0, "a twentieth": 5.0, "two fifths": 40.0,
    "three fifths": 60.0, "four fifths": 80.0, "一半": 50.0, "半数": 50.0, "四分之一": 25.0, "四分之三": 75.0,
    "五分之一": 20.0, "十分之一": 10.0, "二分之一": 50.0, "五分之二": 40.0, "五分之三": 60.0, "五分之四": 80.0,
}  # fmt: skip
_SHARE = re.compile(
    r"(?<![\w-])(?:(?:a|one)\s+(?:half|quarter|fifth|tenth|twentieth)|three\s+quarters|(?:two|three"
    r"|four)\s+fifths|half)"
    r"(?<!and a half)"
    r"(?![\w-])(?!\s+(?:an?|past|year|hour|day|minute)\b)(?!\s+(?:a|an)?\s*(?:hour|minute|day|way)\b)"
    r"|(?<!另)一半|半数|[二四五十]分之[一二三四]",
    _FLAGS,
)


def _percents(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    for item in _ITEMS.finditer(match.string, match.start(), match.end()):
        value = number_of(item["number"])
        if value == value:  # noqa: PLR0124
            yield item.start(), item.end(), _Found("percent", value, "%")


def _steps(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    items = list(re.finditer(r"\d+(?:\.\d+)?", match[0]))
    values = [float(item[0]) for item in items]
    slashes = "/" in match[0]
    if values == sorted(set(values)) and values[0] > 0 and values[-1] <= 100 and (not slashes or values[-1] == 100):
        for item, value in zip(items, values, strict=True):
            yield match.start() + item.start(), match.start() + item.end(), _Found("percent", value, "")


def _han_percent(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    if match["all"]:
        value = 100.0
    elif match["share"]:
        value = number_of(match["share"])
    else:
        value = 10.0 * _HAN_DIGITS[match["tenths"]] + (5.0 if match["half"] else 0.0)
    if value == value:  # noqa: PLR0124
        yield match.start(), match.end(), _Found("percent", value, "%")


def _share(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    value = _SHARES.get(re.sub(r"\s+", " ", match[0].lower()))
    if value is not None:
        yield match.start(), match.end(), _Found("percent", value, "%")


_POINTS = re.compile(
    rf"(?P<number>{_ANY_NUMBER}|half a)\s*-?(?:(?:percentage|percent|%)[\s-]?)?(?:points?\b|pts\b|pp\b)"
    rf"|(?P<han>{_ANY_NUMBER}|半)\s*个?百分点",
    _FLAGS,
)


def _points(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    said = match["number"] or match["han"]
    yield (
        match.start(),
        match.end(),
        _Found("points", 0.5 if said[0] in {"h", "H", "半"} else number_of(said), "points"),
    )


_TIME_PART = (
    rf"(?:(?:{_NUMBER}|half\s+an?|an?|a\s+couple\s+of|another)\s*-?\s*{_TIME_UNIT_EN}"
    rf"|{_BEFORE}(?:{_DIGITS})\s?[hmsdw](?![A-Za-z]|/))"
)
_DURATION_EN = re.compile(
    rf"(?P<parts>(?<![\w-]){_TIME_PART}(?:\s*(?:,|and)?\s*(?:{_BEFORE}|(?<=[hm]))(?:{_DIGITS})\s*(?:minutes?"
    rf"|mins?|seconds?|secs?|hours?|m|s|h)(?![A-Za-z]))*)"
    r"(?P<half>\s+and\s+a\s+half)?|(?<![\w-])(?P<one_half>one|two|three|four"
    r"|\d+)\s+and\s+a\s+half\s+(?P<unit>hours?|days?|minutes?|weeks?)",
    _FLAGS,
)
_COMPACT = re.compile(
    r"(?<![\w.])(?:(\d+(?:\.\d+)?)h)(?:(\d+)m(?:in)?)?(?:(\d+)s)?(?![\w])|(?<![\w.])(\d+)m(\d+)s(?!\w)", _FLAGS
)
_TIME_ITEM = re.compile(
    rf"(?P<number>(?:(?<![A-Za-z0-9])[-−–])?(?:{_DIGITS})|{_WORDED}|half\s+an?|a\s+couple\s+of|another"
    rf"|an?(?![A-Za-z]))\s*-?\s*(?P<unit>{_TIME_UNIT_EN}|[hmsdw](?![A-Za-z]))",
    _FLAGS,
)
_HAN_ITEM = (
    rf"(?:(?P<number>{_ANY_NUMBER}|半)\s*(?P<unit>{_TIME_UNIT_HAN})(?P<half>半)?"
    rf"|(?P<number2>{_ANY_NUMBER})\s*个(?P<half2>半)(?P<unit2>小时|星期|钟头|月))"
)
_DURATION_HAN = re.compile(rf"{_HAN_ITEM}(?!前|之前|内部)")


_FEW_TIMES = {"half": 0.5, "of": 2.0, "a": 1.0, "an": 1.0, "another": 1.0}


def _duration(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    if match["one_half"]:
        unit = match["unit"]
        yield match.start(), match.end(), _Found("duration", _seconds(number_of(match["one_half"]) + 0.5, unit), "s")
        return
    total, last = 0.0, ""
    for item in _TIME_ITEM.finditer(match["parts"]):
        said = re.sub(r"\s+", " ", item["number"].lower())
        number = _FEW_TIMES.get(said.split()[-1] if "couple" in said else said.split()[0]) or number_of(said)
        total, last = total + _seconds(number, item["unit"]), item["unit"]
    if match["half"]:
        total += _seconds(0.5, last)
    relative = match[0].lower().startswith("another")
    if total == total:  # noqa: PLR0124
        yield match.start(), match.end(), _Found("duration", total, "s", relative)


def _compact(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    hours, minutes, seconds, other_minutes, other_seconds = (float(part or 0) for part in match.groups())
    total = hours * 3600 + (minutes + other_minutes) * 60 + seconds + other_seconds
    yield match.start(), match.end(), _Found("duration", total, "s")


def _duration_han(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    said, unit = match["number"] or match["number2"], match["unit"] or match["unit2"]
    number = 0.5 if said == "半" else number_of(said)
    if match["half"] or match["half2"]:
        number += 0.5
    seconds = _seconds(number, unit)
    if seconds == seconds:  # noqa: PLR0124
        yield match.start(), match.end(), _Found("duration", seconds, "s")


_SIZE = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<unit>[kmgt])(?P<binary>i?)(?:bytes?|b)(?![A-Za-z])"
    rf"|(?P<bytes>{_NUMBER})\s*bytes?\b",
    _FLAGS,
)


def _size(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    if match["bytes"]:
        value = number_of(match["bytes"])
    else:
        power = "kmgt".index(match["unit"].lower()) + 1
        value = number_of(match["number"]) * (1024.0**power if match["binary"] else 1000.0**power)
    yield match.start(), match.end(), _Found("size", value, "bytes")


_COUNTED = {
    "request": "requests", "requst": "requests", "reqest": "requests", "requset": "requests", "sample": "samples",
    "smaple": "samples", "call": "requests", "example": "samples", "token": "tokens", "device": "devices",
    "retry": "retries", "retrie": "retries", "attempt": "attempts", "time": "times", "error": "errors",
    "failure": "failures", "question": "questions", "case": "samples", "row": "rows", "entry": "entries",
    "entrie": "entries", "line": "lines", "event": "events", "rollout": "rollouts", "version": "versions",
    "step": "steps", "user": "users", "replica": "replicas", "core": "cores", "document": "documents",
    "请求": "requests", "样本": "samples", "设备": "devices", "词元": "tokens", "条样本": "samples", "台": "devices",
    "次": "times", "次请求": "requests", "重试": "retries", "错误": "errors", "用户": "users", "条": "entries",
    "个版本": "versions", "版本": "versions", "事件": "events", "例": "samples", "行": "rows",
}  # fmt: skip
_COUNT = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<scale>{_SCALE})?\s*(?:more\s+|additional\s+|extra\s+|new\s+|failed\s+|test\s+)?"
    r"(?P<what>requests?|requsts?|reqests?|requsets?|samples?|smaples?|calls?|examples?|tokens?|devices?"
    r"|retr(?:y|ies)"
    r"|attempts?|times|errors?|failures?|questions?|cases|rows|entries|lines|events|rollouts|versions|steps"
    r"|users|replicas"
    r"|cores|documents)\b"
    rf"|(?P<han>{_ANY_NUMBER})\s*(?P<han_scale>{_SCALE})?\s*(?:次|个|条|台|份)?\s*(?P<han_what>请求|样本|设备"
    rf"|词元|重试|错误|用户"
    rf"|事件|tokens?)"
    rf"|(?P<han2>{_ANY_NUMBER})\s*(?P<han2_what>次|台|条|行|例)(?![日序级])",
    _FLAGS,
)


def _count(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    number = match["number"] or match["han"] or match["han2"]
    what = (match["what"] or match["han_what"] or match["han2_what"]).lower()
    unit = next(
        (_COUNTED[one] for one in (what, what.removesuffix("s"), what.removesuffix("es")) if one in _COUNTED), None
    )
    if what == "retries":
        unit = "retries"
    value = _scaled(number, match["scale"] or match["han_scale"])
    if unit and value == value:  # noqa: PLR0124
        relative = re.search(r"\b(?:more|additional|extra)\b", match[0], _FLAGS) is not None
        yield match.start(), match.end(), _Found("count", value, unit, relative)


_FACTOR = re.compile(
    r"(?<![\w-])(?P<twice>twice|double|doubled|doubling|triple|thrice|treble|halve|halved|quadruple"
    r"|half as (?:much|many|long)"
    r"|twice as (?:much|many|long|fast))(?![\w-])(?:\s+(?:as\s+(?:much|many|long)|the))?"
    rf"|(?P<number>{_NUMBER})\s*(?:x|×)(?![\w])|(?P<times>{_NUMBER})\s+times\s+(?:as\s+(?:much|many|long)|more)"
    r"|(?P<han>加倍|翻倍|翻一番|减半|翻番|两倍|三倍|四倍|五倍|十倍)",
    _FLAGS,
)
_FACTORS = {
    "twice": 2.0, "doub": 2.0, "trip": 3.0, "thri": 3.0, "treb": 3.0, "halv": 0.5, "half": 0.5, "quad": 4.0,
    "加倍": 2.0, "翻倍": 2.0, "翻一番": 2.0, "翻番": 2.0, "减半": 0.5, "两倍": 2.0, "三倍": 3.0, "四倍": 4.0,
    "五倍": 5.0, "十倍": 10.0,
}  # fmt: skip


def _factor(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    if match["twice"]:
        word = match["twice"].lower()
        value = next(factor for begin, factor in _FACTORS.items() if word.startswith(begin))
        yield match.start(), match.end("twice"), _Found("number", value, "times", relative=True)
    else:
        value = _FACTORS[match["han"]] if match["han"] else number_of(match["number"] or match["times"])
        yield match.start(), match.end(), _Found("number", value, "times", relative=True)


_CLOCK = (
    rf"(?:noon|midnight|\d{{1,2}}[:.]\d{{2}}(?:\s*(?:am|pm))?|\d{{1,2}}\s*(?:am|pm|a\.m\.|p\.m\.|o['’]?clock)"
    rf"|(?:{_UNIT_WORDS})\s+o['’]?clock)"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE_EN = (
    rf"(?:(?:day after )?(?:tomorrow|tommorow|tomorow|tommorrow)(?:\s+(?:morning|afternoon|evening|night))?"
    rf"|tonight|today|yesterday|this (?:morning|afternoon|evening|week|weekend)"
    rf"|(?:(?:on|by|until|till|before|after|from|since)\s+|next\s+|this\s+|last\s+"
    rf"|coming\s+)+{_DAY}(?:\s+(?:morning|afternoon|evening|night))?(?!s?\w)|next (?:week|month|year|weekend)"
    rf"|(?:end of (?:the )?(?:day|week|month))|\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?Z?)?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?!\w)(?:\s+\d{{4}})?|{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd"
    rf"|th)?(?!\w)(?:,?\s+\d{{4}})?)"
)
_MOMENT_EN = re.compile(
    rf"(?<![\w-])(?:{_DATE_EN}(?:\s*,?\s*(?:at|@|from|by)?\s*(?:{_CLOCK}|(?<=at )\d{{1,2}}))?|(?:at|by|until"
    rf"|till|before|after|from)\s+{_CLOCK}(?:\s+{_DATE_EN})?)(?![\w-])",
    _FLAGS,
)
_MOMENT_HAN = re.compile(
    r"(?:(?:大后天|后天|明天|明日|明早|明晚|今天|今日|今晚|今早|今夜|昨天|昨晚|(?:下个?|这个?|本|上个?)(?:周"
    r"|星期|礼拜)[一二三四五六日天末]?|(?:周|星期|礼拜)[一二三四五六日天末]"
    r"|下个?月|月底|周末|年底|\d{4}年\d{1,2}月\d{1,2}[日号]|\d{1,2}月\d{1,2}[日号])"
    rf"(?:\s*(?:的)?\s*{_HAN_TIME})?|(?:凌晨|早上|上午|中午|下午|傍晚|晚上)\s*(?:\d{{1,2}}|{_HAN})\s*(?:点钟?"
    rf"|[:：]\d{{2}})半?)"
)


def _moment(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    yield match.start(), match.end(), _Found("moment", match[0])


_PLAIN = re.compile(
    rf"(?P<number>{_BEFORE}[-−–]?(?:{_DIGITS})(?![A-Za-z_@]|[-−–:/.]\w|,\d)"
    rf"|{_BEFORE}{_WORDED})(?:\s*(?P<scale>thousand\b|million\b|billion\b|k(?![A-Za-z])))?"
    rf"|(?P<scaled>{_BEFORE}(?:{_DIGITS})k)(?![A-Za-z\d-])|(?<=[到为是成])(?P<han>{_HAN})(?=\s*(?:$"
    rf"|[，。；,.;!！?？吧]))",
    _FLAGS,
)
_PRONOUN_ONE = re.compile(r"one\b", _FLAGS)


def _plain(match: re.Match[str]) -> Iterator[tuple[int, int, _Found]]:
    if match["scaled"]:
        yield match.start(), match.end(), _Found("number", number_of(match["scaled"][:-1]) * 1000)
        return
    words = match["number"] or match["han"]
    if _PRONOUN_ONE.fullmatch(words) and not match["scale"]:
        return
    value = _scaled(words, match["scale"])
    if value == value:  # noqa: PLR0124
        yield match.start(), match.end(), _Found("number", value)


_Taker = Callable[[re.Match[str]], Iterator[tuple[int, int, _Found]]]
_PATTERNS: tuple[tuple[re.Pattern[str], _Taker, str], ...] = (
    (_DIGEST, _digest, "sha256"),
    (_AT_FIRST, _cron, "every|each|daily|weekday"),
    (_EVERY_EN, _every, "every|each|once|hourly"),
    (_RATES[0], _rate, "req|call|tok|error"),
    (_RATES[1], _rate, "rpm|tpm|rps|qps|rpd|tpd"),
    (_RATES[2], _rate, "每"),
    (_RATES[3], _rate, "/|每"),
    (_EVERY_HAN, _every, "每"),
    (_RATES[4], _rate, "concurr|paral|simul|at once|at a time|same time|并发"),
    (_RATES[5], _rate, "并发"),
    (_CRON_EN, _cron, "every|each|daily|nightly|weekly|monthly|day|weekend"),
    (_CRON_HAN, _cron_han, "每|工作日|天天"),
    (_ONCE, _once, "once|one time|一次"),
    (_MOMENT_EN, _moment, r"row|night|day|week|month|year|noon|clock|\d|sun|sat|mon|tue|wed|thu|fri"),
    (_MOMENT_HAN, _moment, r"[\u3400-\u9fff]"),
    (_POINTS, _points, r"point|pts|\bpp\b|百分点"),
    (_HAN_PERCENT, _han_percent, "百分|成"),
    (_PERCENTS, _percents, "%|％|cent|pct"),
    (_STEPS, _steps, "->|→|=>|then|再|然后|/"),
    (_SHARE, _share, "half|quarter|fifth|tenth|twentieth|半|分之"),
    (_COMPACT, _compact, r"\d[hm]\d|\dh"),
    (_DURATION_EN, _duration, r"sec|ms\b|min|hou|hr|huor|da?ya?|we?e?k|month|year|yr|fortn|[\d ][hmsdw]\b"),
    (_DURATION_HAN, _duration_han, "[秒分时天周年月期拜头]"),
    (_SIZE, _size, r"byte|[kmgt]i?b\b"),
    (_FACTOR, _factor, r"twice|doubl|tripl|thric|trebl|halv|half as|quadr|\d\s?x\b|×|times|倍|番|减半"),
    (_COUNT, _count, r"[a-z]{3}s\b|request|retry|[次个条台份行例请样设词重错用事]"),
    (_PLAIN, _plain, ""),
)  # fmt: skip
_GUARDS = tuple(re.compile(guard, _FLAGS) for _, _, guard in _PATTERNS)


def take_quantities(text: str, taken: Sequence[tuple[int, int]] = ()) -> tuple[Quantity, ...]:
    """The quantities, in order; none overlaps another. Never raises.

    None overlaps a span of `taken` either, but for quoted text that has more in it than these spans: it is taken
    whole, and nothing within it. A name that holds a number gives none, even where it is not among `taken`.
    """
    read = text[:LONGEST]
    used = bytearray(len(read))
    for start, end in taken:
        _mark(used, max(start, 0), min(end, len(read)))
    found = _quotes_in(read, used)
    for match in _ADDRESS.finditer(read):
        _mark(used, *match.span())
    masked = _masked(read, used)
    for (pattern, take, _), guard in zip(_PATTERNS, _GUARDS, strict=True):
        if guard.search(masked) and (new := _taken_by(pattern, take, read, masked, used)):
            found += new
            masked = _masked(read, used)
    return tuple(sorted(found, key=lambda one: one.start))


def _quotes_in(text: str, used: bytearray) -> list[Quantity]:
    """Quoted text, but what is used already as a whole."""
    found: list[Quantity] = []
    for match in _QUOTES.finditer(text):
        group = match.lastgroup or ""
        if not all(used[match.start(group) : match.end(group)]):
            found.append(Quantity(*match.span(), match[0], "quoted", match[group].strip()))
    for one in found:
        _mark(used, one.start, one.end)
    return found


def _taken_by(pattern: re.Pattern[str], take: _Taker, text: str, masked: str, used: bytearray) -> list[Quantity]:
    """What one pattern finds where nothing is used; it is used then."""
    found: list[Quantity] = []
    for match in pattern.finditer(masked):
        for start, end, one in take(match):
            if start < end and not any(used[start:end]):
                found.append(_bounded(text, start, end, one, used))
                _mark(used, found[-1].start, found[-1].end)
    return found


def _mark(used: bytearray, start: int, end: int) -> None:
    if start < end:
        used[start:end] = b"\1" * (end - start)


def _masked(text: str, used: bytearray) -> str:
    """What is used already is no letter any more."""
    return "".join("\0" if hidden else letter for letter, hidden in zip(text, used, strict=True))


def _bounded(text: str, start: int, end: int, one: _Found, used: bytearray) -> Quantity:
    """The quantity with the words around it that say that it is a bound, or by how much something changes."""
    value, relative, bound = one.value, one.relative, None
    if one.kind in _RELATIVE_KINDS:
        before, after = text[max(0, start - 60) : start], text[end : end + 16]
        by, han, another = _BY.search(before), _HAN_CHANGE.search(before), _ANOTHER.search(before)
        first, last = _BOUND_BEFORE.search(before), _BOUND_AFTER.match(after)
        more = None if last else _MORE_AFTER.match(after)
        said = first or last
        bound = None if said is None else "least" if said["least"] else "most"
        relative = relative or any((by, han, more, another))
        less = (by and by["less"]) or (han and han["less"]) or (more and more["less"])
        if less and isinstance(value, float) and one.unit != "times":
            value = -abs(value)
        wider = start - (len(before) - first.start() if first else 0)
        longer = end + (last or more).end() if last or more else end  # pyright: ignore[reportOptionalMemberAccess]
        start = wider if not any(used[wider:start]) else start
        end = longer if not any(used[end:longer]) else end
    return Quantity(start, end, text[start:end], one.kind, value, one.unit, bound, relative)
