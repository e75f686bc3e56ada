"""Percentages, times, counts and quotas in an utterance, English and Chinese."""

import re
from dataclasses import dataclass, field

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12, "fifteen": 15,
    "twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60,
    "seventy-five": 75, "eighty": 80, "ninety": 90, "a hundred": 100, "hundred": 100,
}  # fmt: skip
_HAN = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_WORDED = rf"(?<![\w-])(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![\w-])"
_DIGITS = r"\d[\d,]*(?:\.\d+)?"
_NUMBER = rf"(?<![\d−–-]){_DIGITS}|{_WORDED}"
"""What has a sign before it is no number here: "-5 minutes" stays as it is, and is asked about."""
_SIGNED = rf"(?:(?<![\w%％])[−–-])?(?<!\d){_DIGITS}|{_WORDED}"
_MARK = r"\s?(?:%|％|percent\b|per\s?cent\b|pct\b)"
_THEN = r"\s*(?:,|，|、|/|->|→|;|then|and|to|再到|再|然后|到|和)\s*(?:then\s+|再到?\s*|到\s*)?"
_PERCENTAGES = re.compile(rf"(?:(?:{_SIGNED})(?:{_MARK})?{_THEN})*(?:{_SIGNED}){_MARK}", re.IGNORECASE)
_HAN_PERCENT = re.compile(r"百分之([一二两三四五六七八九十百\d]+)|([一二两三四五六七八九])成")
_ERRORS = re.compile(
    rf"(?:error threshold|threshold|错误阈值|失败阈值|失败率(?:不超过)?"
    rf"|错误率(?:不超过)?)(?: of| at| is)?\s*(?P<share>{_NUMBER}){_MARK}"
    rf"|at most (?P<share2>{_NUMBER}){_MARK} (?:failures"
    rf"|of (?:the )?devices failing)",
    re.IGNORECASE,
)
_MORE_ERRORS = re.compile(
    rf"(?:(?:up to|at most)\s+)?(?P<share>{_NUMBER})(?:{_MARK}|\s*(?:percentage )?points?) more errors"
    rf"|错误率?(?:最多|至多)?(?:可)?(?:增加|上升|提高)\s*(?P<share2>{_NUMBER})(?:{_MARK}|\s*个百分点)",
    re.IGNORECASE,
)
_UNITS = {
    "s": 1, "sec": 1, "second": 1, "秒": 1, "m": 60, "min": 60, "minute": 60, "分": 60, "h": 3600, "hr": 3600,
    "hour": 3600, "时": 3600, "d": 86400, "day": 86400, "天": 86400,
}  # fmt: skip
_TIME = re.compile(
    r"(?P<most>(?:at most|max(?:imum)?(?: of)?|no (?:longer"
    r"|more) than|up to|limit(?: of)?|within|最多|至多|不超过|最长)\s*)?"
    rf"(?P<number>{_NUMBER}|half an|an?(?=\s(?:hour|minute"
    rf"|day))|[半一两二三四五六七八九十]+(?=\s*(?:秒|分|个?小时|天)))\s*-?"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?"
    r"|hrs?|h|days?|d|秒钟?|分钟?|个?小时|天)(?![A-Za-z])",
    re.IGNORECASE,
)
_SAMPLES = re.compile(
    rf"(?:(?:at least|a minimum of|min(?:imum)?|最少|至少|不少于)\s*)?(?P<number>{_NUMBER})\s*(?:个|次|条)?\s*"
    r"(?:requests?|samples?|calls?|请求|样本)(?! ?(?:per|a|/) ?(?:minute|min|day)|/)",
    re.IGNORECASE,
)
_QUOTA = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<scale>k|m|thousand|million|万|千|百万)?\s*(?P<what>requests?|tokens?|次请求|请求|词元)"
    r"\s*(?:/|per|a|each)\s*(?P<per>minute|min|day)\b"
    rf"|每(?P<per2>分钟|天|日)\s*(?:最多|不超过)?\s*(?P<number2>\d[\d,]*)\s*(?P<scale2>万|千|百万)?\s*(?:次|个)?\s*"
    r"(?P<what2>请求|tokens?|词元)"
    rf"|(?P<number3>{_NUMBER})\s*(?:个)?\s*(?:concurrent|parallel|并发)\s*(?P<what3>requests?|请求)?",
    re.IGNORECASE,
)
_SCALES = {"k": 1e3, "thousand": 1e3, "千": 1e3, "m": 1e6, "million": 1e6, "百万": 1e6, "万": 1e4}


@dataclass(slots=True)
class Quantities:
    """What was found.

    Attributes:
        percentages: in order of mention; not checked, and below 0 where they were said so.
        hold_s: shortest times, seconds; limit_s: longest ones.
        quotas: by the names that tenants' quotas have; "requests_per_day" is none of them.
        error_share: 0 to 1.
        more_errors: 0 to 1; how much higher the error rate may be.
    """

    percentages: list[float] = field(default_factory=list[float])
    hold_s: list[float] = field(default_factory=list[float])
    limit_s: list[float] = field(default_factory=list[float])
    samples: list[int] = field(default_factory=list[int])
    quotas: dict[str, float] = field(default_factory=dict[str, float])
    error_share: float | None = None
    more_errors: float | None = None


def take_quantities(text: str) -> tuple[str, Quantities]:
    """The text with a mark such as `<%>` or `<D>` in the place of each quantity, and the quantities."""
    found = Quantities()

    def quota(match: re.Match[str]) -> str:
        part = next(suffix for suffix in ("", "2", "3") if match[f"number{suffix}"])
        scale = _SCALES.get((match[f"scale{part}"] or "").lower(), 1.0) if part != "3" else 1.0
        value = _value(match[f"number{part}"]) * scale
        number = int(value) if value.is_integer() else value
        said = found.quotas.setdefault(_quota_name(match, part), number)
        return "<Q>" if said == number else match[0]  # two limits of one kind: the second is not understood

    def errors(match: re.Match[str]) -> str:
        found.error_share = _value(match["share"] or match["share2"]) / 100
        return "<E>"

    def more(match: re.Match[str]) -> str:
        found.more_errors = _value(match["share"] or match["share2"]) / 100
        return "<E>"

    def samples(match: re.Match[str]) -> str:
        found.samples.append(int(_value(match["number"])))
        return "<S>"

    def percentages(match: re.Match[str]) -> str:
        found.percentages.extend(_value(number[0]) for number in re.finditer(_SIGNED, match[0], re.IGNORECASE))
        return "<%>"

    def han(match: re.Match[str]) -> str:
        found.percentages.append(_han(match[1]) if match[1] else 10.0 * _HAN[match[2]])
        return "<%>"

    def time(match: re.Match[str]) -> str:
        unit = re.sub(r"(?<=[a-z]{2})s$", "", match["unit"].lower().strip("个小钟"))
        seconds = _value(match["number"]) * _UNITS[unit]
        (found.limit_s if match["most"] else found.hold_s).append(seconds)
        return "<D>"

    first = ((_QUOTA, quota), (_ERRORS, errors), (_MORE_ERRORS, more), (_SAMPLES, samples))
    for pattern, take in (*first, (_HAN_PERCENT, han), (_PERCENTAGES, percentages), (_TIME, time)):
        text = pattern.sub(take, text)
    return text, found


def _quota_name(match: re.Match[str], part: str) -> str:
    if part == "3":
        return "concurrent_requests"
    what = "tokens" if re.match(r"token|词元", match[f"what{part}"], re.IGNORECASE) else "requests"
    return f"{what}_per_{'minute' if match[f'per{part}'].startswith(('min', '分')) else 'day'}"


def _value(number: str) -> float:
    plain = number.lower().replace(",", "").strip()
    if plain[0] in "−–-":
        return -_value(plain[1:])
    if plain in {"a", "an"}:
        return 1.0
    if plain in {"half an", "半"}:
        return 0.5
    return float(_WORDS[plain]) if plain in _WORDS else _han(plain)


def _han(numeral: str) -> float:
    """A number below 200 in Chinese or in digits."""
    if re.fullmatch(r"[\d.]+", numeral):
        return float(numeral)
    hundreds, _, rest = numeral.rpartition("百")
    tens, mark, ones = rest.rpartition("十")
    ten = (_HAN.get(tens, 1) if mark else 0) * 10
    hundred = _HAN.get(hundreds, 1) * 100 if "百" in numeral else 0
    return float(hundred + ten + _HAN.get(ones, 0))
