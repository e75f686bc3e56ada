"""The grammar of known commands: sentences with slots, compiled to patterns, and what a filled slot means.

The syntax is that of Home Assistant's intents (hassil):

    [optional]   (one|other)   {slot}   <rule>

A template fits a whole sentence or not at all, so whatever it does not foresee (a "not", an "if", a "why does") is no
command. That is what makes it safe to act on. Slots hold numbers, times, levels and names.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.agent.entity_linking import Names, link
from edge.kernel.language import Language

_TOKEN = re.compile(r"[\[\]()|]|\{\w+\}|<\w+>|[^\s\[\](){}|<>]+|\s+")
_GAP = {"en": "(?:[ ,]+|(?<=:)[ ,]*)", "zh": "[ ,，]?"}
"""Between two words; behind a colon there may be nothing."""
_NO_GAP = "[ ,]*"
_MARKS = frozenset({":", "-", ",", "?"})


@dataclass(frozen=True, slots=True)
class Template:
    """A template, ready to be fitted.

    Attributes:
        needle: a lower-case text that every sentence it fits contains; looked for first, because that is fast.
        words: the literal words in it.
    """

    source: str
    needle: str
    words: frozenset[str]
    _pattern: str
    _compiled: list[re.Pattern[str]] = field(default_factory=list[re.Pattern[str]], compare=False, repr=False)

    def fits(self, prepared: str) -> re.Match[str] | None:
        """The slots of a sentence that it fits, from the first character to the last; compiled at the first use.

        Args:
            prepared: as `edge.agent.fast_path.prepare` gives it.
        """
        if not self._compiled:
            self._compiled.append(re.compile(self._pattern, re.IGNORECASE))
        return self._compiled[0].fullmatch(prepared)


def compile_template(source: str, language: Language, slots: Mapping[str, str], rules: Mapping[str, str]) -> Template:
    """Compile a template.

    Args:
        slots: the pattern of each slot, without groups that have names.
        rules: templates that others may use by name; they may use each other, not themselves.

    Raises:
        ValueError: brackets do not close, or a slot or rule is not known.
    """
    expanded = _expand(source, rules)
    tokens = [token for token in _TOKEN.findall(expanded) if not token.isspace()]
    if "".join(tokens) != re.sub(r"\s+", "", expanded):
        raise ValueError(f"{source!r} has a character that is no part of a template")
    compiler = _Compiler(tokens, language, slots)
    pattern = compiler.alternatives()
    if compiler.position != len(tokens):
        raise ValueError(f"{source!r} closes a bracket that it did not open")
    words = frozenset(token.lower() for token in tokens if token[0] not in "[](){|<")
    needle = max(compiler.certain, key=len, default="")
    return Template(source, needle, words, pattern)


def _expand(source: str, rules: Mapping[str, str], depth: int = 0) -> str:
    if depth > 8:
        raise ValueError(f"the rules in {source!r} use each other without end")

    def rule(match: re.Match[str]) -> str:
        if match[1] not in rules:
            raise ValueError(f"{source!r} uses the unknown rule <{match[1]}>")
        return f"({_expand(rules[match[1]], rules, depth + 1)})"

    return re.sub(r"<(\w+)>", rule, source)


class _Compiler:
    """Recursive descent over the tokens of one template."""

    def __init__(self, tokens: list[str], language: Language, slots: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._gap = _GAP[language]
        self._slots = slots
        self.position = 0
        self._depth = 0
        self.certain: list[str] = []
        """Words outside every bracket."""

    def alternatives(self) -> str:
        """Alternatives up to a closing bracket or the end."""
        options = [self._sequence()]
        while self._next() == "|":
            self.position += 1
            options.append(self._sequence())
        if len(options) > 1 and self._depth == 0:
            self.certain.clear()
        return "|".join(options)

    def _next(self) -> str:
        return self._tokens[self.position] if self.position < len(self._tokens) else ""

    def _sequence(self) -> str:
        parts: list[str] = []
        while (token := self._next()) and token not in {"|", "]", ")"}:
            self.position += 1
            if token in {"[", "("}:
                parts.append(self._bracket(token))
            elif token[0] == "{":
                parts.append(self._slot(token[1:-1]))
            else:
                if self._depth == 0:
                    self.certain.append(token.lower())
                parts.append((_NO_GAP if token in _MARKS else self._gap) + re.escape(token))
        return "".join(parts)

    def _bracket(self, opening: str) -> str:
        self._depth += 1
        inside = self.alternatives()
        self._depth -= 1
        if self._next() != ("]" if opening == "[" else ")"):
            raise ValueError(f"a {opening} is not closed")
        self.position += 1
        return f"(?:{inside}){'?' if opening == '[' else ''}"

    def _slot(self, name: str) -> str:
        if name not in self._slots:
            raise ValueError(f"the slot {{{name}}} is not known")
        return f"{self._gap}(?P<{name}>{self._slots[name]})"


_EN = {
    "zero": 0, "one": 1, "a": 1, "an": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "forty-five": 45, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "a hundred": 100, "one hundred": 100,
}  # fmt: skip
_HAN = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_WORDS = "|".join(sorted((re.escape(word) for word in _EN), key=len, reverse=True))
_NUMBER = rf"-?\d+(?:\.\d+)?|(?:{_WORDS})(?![\w-])|[零一二两三四五六七八九十百]+"
_UNIT_MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440, "w": 10_080}
_UNIT = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|[smhd](?![a-z])"
    r"|秒钟?|分钟?|个?半?小时|个?钟头|天|日|周|个?星期)"
)
_LEVELS = {
    "warning": "warning", "warnings": "warning", "warn": "warning", "error": "error", "errors": "error", "err": "error",
    "failures": "error", "failure": "error", "critical": "error", "criticals": "error", "fatal": "error",
    "警告": "warning", "告警": "warning", "错误": "error", "报错": "error", "出错": "error", "失败": "error",
    "严重": "error", "致命": "error",
}  # fmt: skip
_SEVERITIES = {
    "info": "info", "informational": "info", "low": "info", "minor": "info", "warning": "warning", "medium": "warning",
    "critical": "critical", "high": "critical", "urgent": "critical", "severe": "critical", "major": "critical",
    "提示": "info", "一般": "warning", "普通": "warning", "警告": "warning", "严重": "critical", "紧急": "critical",
}  # fmt: skip


_DAYS = {
    "today": "today", "so far today": "today", "tomorrow": "tomorrow", "yesterday": "yesterday",
    "今天": "today", "今日": "today", "明天": "tomorrow", "明日": "tomorrow", "昨天": "yesterday", "昨日": "yesterday",
}  # fmt: skip
_FIGURES = {
    "maximum": "maximum", "max": "maximum", "highest": "maximum", "peak": "maximum",
    "largest": "maximum", "top": "maximum", "minimum": "minimum", "min": "minimum",
    "lowest": "minimum", "smallest": "minimum", "average": "mean", "mean": "mean", "avg": "mean",
    "最高": "maximum", "最大": "maximum", "峰值": "maximum", "最低": "minimum", "最小": "minimum", "平均": "mean",
}  # fmt: skip
_CLOCK = (
    r"(?:(?:早上|上午|中午|下午|晚上)?(?:[01]?\d|2[0-3]|[一二两三四五六七八九十]{1,2})(?::[0-5]\d)?(?:点半|点钟|点|时)"
    r"|(?:[01]?\d|2[0-3])(?::[0-5]\d)?\s?(?:am|pm|a\.m\.|p\.m\.|o'clock|hours)?|noon|midnight)"
)


@dataclass(frozen=True, slots=True)
class Unclear:
    """A phrase that may mean each of these; none where it means nothing here."""

    phrase: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotContext:
    """What slots are read with."""

    names: Names
    glossary: Mapping[str, str]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """What fits (a pattern), and what it means: a value, several in a tuple, or Unclear."""

    pattern: str
    read: Callable[[str, SlotContext], Any]


def patterns() -> dict[str, str]:
    """The pattern of each slot."""
    return {name: slot.pattern for name, slot in SLOTS.items()}


def _number(text: str, context: SlotContext) -> float | int | Unclear:
    plain = text.lower()
    if re.fullmatch(r"-?\d+(?:\.\d+)?", plain):
        value = float(plain)
        return int(value) if value.is_integer() else value
    return _EN[plain] if plain in _EN else _han(plain)


def _han(numeral: str) -> int:
    """A Chinese numeral below a thousand."""
    hundreds, hundred, rest = numeral.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    total = (_HAN.get(hundreds, 1) * 100 if hundred else 0) + (_HAN.get(tens, 1) * 10 if ten else 0)
    return total + _HAN.get(ones.lstrip("零"), 0)


def _minutes(text: str, context: SlotContext) -> int | Unclear:
    plain = text.lower().strip()
    half = re.fullmatch(r"half(?: an?)? (?:hour|day)|半个?(?:小时|钟头|天)", plain)
    if half:
        return 720 if "day" in plain or "天" in plain else 30
    match = re.fullmatch(rf"(?P<number>{_NUMBER})?\s*(?P<unit>{_UNIT})", plain)
    if not match:
        return Unclear(text)
    unit = match["unit"]
    number = float(_number(match["number"], context)) if match["number"] else 1.0  # type: ignore[arg-type]
    if "半" in unit:
        number += 0.5
    letter = next((letter for letter, marks in _UNIT_MARKS.items() if any(mark in unit for mark in marks)), unit[0])
    return max(1, round(number * _UNIT_MINUTES[letter]))


_UNIT_MARKS = {"s": "秒", "m": "分", "h": ("小时", "钟头"), "d": "天日", "w": ("周", "星期")}


def _clock(text: str, context: SlotContext) -> str | Unclear:
    """A time of day as HH:MM."""
    plain = text.lower().strip()
    if plain in {"noon", "midnight"}:
        return "12:00" if plain == "noon" else "00:00"
    found = re.search(r"(\d{1,2})(?::(\d{2}))?|([一二两三四五六七八九十]{1,2})", plain)
    if found is None:
        return Unclear(text)
    hour = int(found[1]) if found[1] else _han(found[3])
    minute = 30 if "半" in plain else int(found[2] or 0)
    if hour < 12 and re.search(r"pm|p\.m|下午|晚上", plain):
        hour += 12
    if hour == 12 and re.search(r"am|a\.m", plain):
        hour = 0
    return f"{hour:02}:{minute:02}" if hour < 24 else Unclear(text)


def _verbatim(text: str, context: SlotContext) -> str | Unclear:
    kept = (
        re.sub(r"^(?:that|saying|which says) (?=\S)", "", text.strip(), flags=re.IGNORECASE)
        .strip("\"“”‘’「」'")
        .strip()
    )
    return kept or Unclear(text)


def _word(text: str, context: SlotContext) -> str | Unclear:
    known = context.names.services
    if not known:
        return text
    fits = [name for name in known if text.lower() in {name.lower(), name.lower().removesuffix(".service")}]
    return fits[0] if fits else Unclear(text)


def _sensor(text: str, context: SlotContext) -> tuple[str, ...] | Unclear:
    whole = _linked(text, context)
    if not isinstance(whole, Unclear) or whole.options:
        return whole
    parts = [part for part in re.split(r"\s*(?:,|、|&|\band\b|和|与|以及|及)\s*", text) if part]
    if len(parts) < 2:
        return whole
    found = [_linked(part, context) for part in parts]
    unclear = next((part for part in found if isinstance(part, Unclear)), None)
    return unclear or tuple(dict.fromkeys(name for part in found if not isinstance(part, Unclear) for name in part))


def _linked(text: str, context: SlotContext) -> tuple[str, ...] | Unclear:
    candidates = link(text, context.names.sensors, context.glossary, context.hint)
    return (candidates[0],) if len(candidates) == 1 else Unclear(text, tuple(candidates))


def _diagnostic(text: str, context: SlotContext) -> str | Unclear:
    candidates = link(text, context.names.diagnostics, context.glossary)
    return candidates[0] if len(candidates) == 1 else Unclear(text, tuple(candidates))


def _one_of(words: Mapping[str, str]) -> str:
    latin = "|".join(sorted((word for word in words if word.isascii()), key=len, reverse=True))
    han = "|".join(sorted((word for word in words if not word.isascii()), key=len, reverse=True))
    return rf"(?:{latin})(?![\w-])|(?:{han})"


SLOTS: Mapping[str, Slot] = {
    "sensor": Slot(r"[^?!;:？！；：\n]{1,60}?", _sensor),
    "diagnostic": Slot(r"[^?!;:,？！；：，\n]{1,40}?", _diagnostic),
    "service": Slot(r"[A-Za-z_][A-Za-z0-9_@.-]{1,39}?", _word),
    "minutes": Slot(rf"(?:half(?: an?)? (?:hour|day)|半个?(?:小时|钟头|天)|(?:{_NUMBER})?\s?{_UNIT})", _minutes),
    "clock": Slot(_CLOCK, _clock),
    "day": Slot(_one_of(_DAYS), lambda text, _: _DAYS[text.lower()]),
    "every": Slot(r"(?:every day|each day|daily|每天|每日|天天)", lambda _text, _: "day"),
    "figure": Slot(_one_of(_FIGURES), lambda text, _: _FIGURES[text.lower()]),
    "id": Slot(r"#?\d{1,6}", lambda text, _: int(text.strip("#"))),
    "limit": Slot(_NUMBER, _number),
    "number": Slot(_NUMBER, _number),
    "level": Slot(_one_of(_LEVELS), lambda text, _: _LEVELS[text.lower()]),
    "severity": Slot(_one_of(_SEVERITIES), lambda text, _: _SEVERITIES[text.lower()]),
    "text": Slot(r".{1,500}", _verbatim),
    "query": Slot(r".{1,300}", _verbatim),
    "unit": Slot(
        r"(?:°\s?[cf]|℃|degrees?(?: celsius)?|percent|%|bar|k?pa|mm/s|rpm|volts?|v|amps?|a|度|摄氏度|巴|伏|安)",
        _verbatim,
    ),
}
"""The slots of `phrasings.toml`. `sensor` may give several."""
