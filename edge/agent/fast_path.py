"""An utterance as tool calls, with no model: it fits a known sentence as a whole, or it is no command here.

No sentence is known that denies, supposes, quotes or asks about a command, so none of those acts. What a person says
freely (the text of a note) is passed on as it is, unless it takes the command back ("... no, wait, don't"). Misspelt
words are corrected where no write could come of it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, Literal

from edge.agent.entity_linking import Names, glossary, phrasings
from edge.agent.grammar import SLOTS, SlotContext, Template, Unclear, compile_template, patterns
from edge.agent.intent import WRITES, is_polite, is_question, takes_back
from edge.kernel.language import Language, detect_language

_WORD = re.compile(r"(?<![\w.-])[a-z]{4,20}(?![\w-])", re.IGNORECASE)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def correct_spelling(text: str, known: Collection[str]) -> str:
    """The text, with each unknown word as the one known word that is a slip away from it.

    A slip is a letter too many, too few, wrong, or two of them swapped (Damerau 1964); in words of four letters only
    the last. Shorter words stay, and so does one to which several known words are that near.
    """

    def nearest(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word in known:
            return match[0]
        slips = _swapped(word) if len(word) == 4 else _slips(word)
        near = {slipped for slipped in slips if slipped in known and slipped[0] == word[0]}
        return near.pop() if len(near) == 1 else match[0]

    return _WORD.sub(nearest, text)


def _swapped(word: str) -> set[str]:
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}


def _slips(word: str) -> set[str]:
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {left + right[1:] for left, right in halves if right}
    wrong = {left + letter + right[1:] for left, right in halves if right for letter in _LETTERS}
    more = {left + letter + right for left, right in halves for letter in _LETTERS}
    return fewer | _swapped(word) | wrong | more


LONGEST_COMMAND = 400
"""Characters; longer text is no command, but for the free text of a note or an alert."""
_LONGEST_HEAD = 120
"""Characters of a command before its free text."""

_SPACES = re.compile(r"\s+")
_BESIDE_HAN = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) | (?=[\u3000-\u9fff\uff00-\uffef])")
_SLOT = re.compile(r"\{(\w+)\}")
_FREE = frozenset({"text", "query"})


@dataclass(frozen=True, slots=True)
class Condition:
    """A sensor's value must compare so with a number before the call is made."""

    sensor: str
    compare: Literal["<", ">"]
    number: float

    def holds(self, value: float) -> bool:
        return value > self.number if self.compare == ">" else value < self.number


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that the person asked for."""

    tool: str
    arguments: Mapping[str, Any]
    only_if: Condition | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """What the utterance orders, in order. `template` is the sentence that it fits."""

    calls: tuple[Call, ...]
    language: Language
    template: str


@dataclass(frozen=True, slots=True)
class Which:
    """The utterance is a command, but a name in it may mean several things: ask back."""

    phrase: str
    options: tuple[str, ...]
    language: Language


@dataclass(frozen=True, slots=True)
class About:
    """The utterance asks what can be asked or ordered here; no tool is needed to say it."""

    topic: Literal["help", "diagnostics"]
    language: Language


Found = Match | Which | About
"""What the fast path makes of an utterance."""


@dataclass(frozen=True, slots=True)
class _Command:
    """What a sentence orders: a call of a tool, or something about the device's own abilities."""

    tool: str
    about: Literal["", "help", "diagnostics"]
    template: Template
    arguments: Mapping[str, str]
    hint: str
    compare: str
    once: bool
    loose: bool


class FastPath:
    """Known commands of one device.

    Args:
        tools: which tools there are, asked at each call: what the policy forbids is no command.
        names: what exists on the device, asked at each call.
        writes: tools that change something; misspelt words never lead to one.
    """

    def __init__(
        self,
        tools: Callable[[], Iterable[str]],
        names: Callable[[], Names],
        writes: frozenset[str] = WRITES - {"sensor_sample"},
    ) -> None:
        self._tools = tools
        self._names = names
        self._writes = writes

    def match(self, text: str) -> Found | None:
        """What the text orders; None where it is no known command."""
        tools, reading = frozenset(self._tools()), self._names()
        if len(text) > LONGEST_COMMAND or "\n" in text.strip():
            return _dictated(text, tools, reading)
        language = detect_language(text)
        prepared = prepare(text, language)
        if not prepared.strip():
            return None
        if is_question(text):
            tools -= self._writes
        found = _first(prepared, language, tools, reading)
        if found is None or _has_free_text(found):
            found = _dictated(text, frozenset(self._tools()), reading) or found
        if found is None:
            found = self._in_unit(prepared, language, tools, reading)
        if found is None:
            found = self._parts(prepared, language, tools, reading)
        if found is None and language == "en":
            mended = correct_spelling(prepared, command_words())
            found = _first(mended, language, tools - self._writes, reading, free=False) if mended != prepared else None
        return found

    def _in_unit(self, prepared: str, language: Language, tools: frozenset[str], names: Names) -> Found | None:
        """A sentence about sensors that ends with the unit of the wanted answer ("... in psi", "…用华氏度")."""
        plain, unit = split_unit(prepared, language)
        found = _first(plain, language, tools, names, free=False) if unit else None
        if not isinstance(found, Match) or any(call.tool not in _WITH_UNITS for call in found.calls):
            return found if isinstance(found, Which) else None
        return replace(
            found, calls=tuple(replace(one, arguments={**one.arguments, "unit": unit}) for one in found.calls)
        )

    def _parts(self, prepared: str, language: Language, tools: frozenset[str], names: Names) -> Found | None:
        """Several commands in one sentence, each of them known; none of them with free text."""
        parts = re.split(
            r"(?:[ ,]+and then|[ ,]+then|;|[ ,]+and also|[ ,]+and)(?= )|[,;，；]?(?:然后|接着|再|并且|顺便)|[;；]",
            prepared,
        )
        if not 2 <= len(parts) <= 4:
            return None
        calls: list[Call] = []
        sources: list[str] = []
        for part in parts:
            found = _first(prepare(part, language), language, tools, names, free=False)
            if not isinstance(found, Match):
                return found if isinstance(found, Which) else None
            calls.extend(found.calls)
            sources.append(found.template)
        return Match(tuple(calls), language, " + ".join(sources))


_WITH_UNITS = frozenset({"sensor_read", "sensor_history"})


@cache
def _unit_tails() -> Mapping[Language, re.Pattern[str]]:
    said = phrasings()["units"]
    names = "|".join(sorted((re.escape(name) for name in said["names"]), key=len, reverse=True))
    return {
        language: re.compile(said["tail"][language].replace("<unit>", f"(?P<unit>{names})"), re.IGNORECASE)
        for language in ("en", "zh")
    }


def split_unit(prepared: str, language: Language) -> tuple[str, str]:
    """The sentence without the unit in which it wants its answer, and that unit; empty where it names none."""
    found = _unit_tails()[language].search(prepared)
    if found is None:
        return prepared, ""
    without = prepared[: found.start()] + (prepared[found.end() :] if language == "zh" else "")
    return without.rstrip(" ,，"), phrasings()["units"]["names"][found["unit"].lower()]


def _has_free_text(found: Found) -> bool:
    return isinstance(found, Match) and len(found.calls) == 1 and found.calls[0].tool in _DICTATED


_DICTATED = {"note_take": "text", "alert_raise": "message"}
"""Tools that keep what a person says, and the argument that holds it."""


def _dictated(text: str, tools: frozenset[str], names: Names) -> Match | None:
    """A note or an alert whose text follows a colon or a line break: it is kept as it was said, however long.

    What stands before the text must be a known command by itself; a question, or a thing that is taken back there, is
    none. Where no colon says where the text begins, it is a command as any other.
    """
    opened = re.search(r"[:：]|\n", text[:_LONGEST_HEAD])
    if opened is None:
        return None
    head, said = text[: opened.start()].strip(), text[opened.end() :].strip()
    if not said or not head or is_question(head):
        return None
    if re.fullmatch(r"[^\w]*", said) or takes_back(said[-60:], delimited=True):
        return None
    language = detect_language(head)
    tools &= {"note_take"} if is_question(said) else _DICTATED.keys()
    found = _first(prepare(f"{head}: x", language), language, tools, names)
    if not isinstance(found, Match) or len(found.calls) != 1 or found.calls[0].tool not in _DICTATED:
        return None
    (call,) = found.calls
    if call.only_if is not None or call.arguments.get(_DICTATED[call.tool]) != "x":
        return None
    if is_polite(text):  # "can you take a note: …?": the mark is the request's
        said = said.rstrip("?？ ")
    said = said[1:-1].strip() if said[0] + said[-1] in {'""', "“”", "「」"} else said
    return replace(found, calls=(replace(call, arguments={**call.arguments, _DICTATED[call.tool]: said}),))


@cache
def _polite(place: Literal["before", "after"], language: Language) -> re.Pattern[str]:
    return re.compile("".join(phrasings()["polite"][place][language]), re.IGNORECASE if language == "en" else 0)


def prepare(text: str, language: Language) -> str:
    """One spelling of spaces, apostrophes and full-width signs, without the polite words around the sentence."""
    plain = unicodedata.normalize("NFKC", text.translate({0x2019: "'", 0x2018: "'"}))
    plain = _SPACES.sub(" ", plain).strip()
    if language == "zh":
        plain = _BESIDE_HAN.sub("", plain)
    plain = _polite("before", language).sub("", plain)
    plain = _polite("after", language).sub("", plain)
    return f" {plain}" if language == "en" else plain


def _first(
    prepared: str, language: Language, tools: frozenset[str], names: Names, *, free: bool = True
) -> Found | None:
    lowered = prepared.lower()
    unclear: Which | None = None
    for command in _commands()[language]:
        known = command.tool in tools or command.about
        if not known or command.template.needle not in lowered or (command.loose and not free):
            continue
        fits = command.template.fits(prepared)
        if fits is None:
            continue
        standing = command.compare and not command.once and "watch_set" in tools
        found = (
            About(command.about, language)
            if command.about
            else _read(command, fits, language, names, standing=bool(standing))
        )
        if isinstance(found, Match | About):
            return found
        unclear = unclear or found
    return unclear


def _read(
    command: _Command, fits: re.Match[str], language: Language, names: Names, *, standing: bool
) -> Match | Which | None:
    """The calls of a sentence that fits; None where a slot holds nothing that makes sense.

    Args:
        standing: a condition is watched from now on, not looked at once.
    """
    reading = SlotContext(names, glossary(), command.hint)
    values: dict[str, Any] = {}
    for slot, phrase in fits.groupdict().items():
        if phrase is None:
            continue
        value = SLOTS[slot].read(phrase, reading)
        if isinstance(value, Unclear):
            return Which(value.phrase, value.options, language) if value.options else None
        if slot in _FREE and takes_back(value, delimited=prefixed(fits, slot)):
            return None
        values[slot] = value
    condition: Condition | None = None
    if command.compare:
        condition = _condition(command, values)
        if condition is None:
            return None
        if standing:
            return Match((_watch(condition, values),), language, command.template.source)
    many = {slot: value for slot, value in values.items() if isinstance(value, tuple)}
    calls = tuple(
        Call(command.tool, _arguments(command, {**values, **dict(zip(many, chosen, strict=True))}), condition)
        for chosen in product(*many.values())
    )
    return Match(calls, language, command.template.source)


def _arguments(command: _Command, values: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, wording in command.arguments.items():
        slots = [slot for slot in _SLOT.findall(wording) if slot in values]
        if slots and wording == f"{{{''.join(slots)}}}":
            arguments[name] = values[slots[0]]  # a number stays one
        elif not _SLOT.search(wording):
            arguments[name] = wording
        elif slots:
            arguments[name] = " ".join(str(values[slot]) for slot in slots)
    return arguments


def prefixed(fits: re.Match[str], slot: str) -> bool:
    """Whether a colon or a quotation mark says where the free text begins."""
    before = fits.string[: fits.start(slot)].rstrip()
    return before.endswith((":", "-", "：")) or fits[slot].lstrip()[:1] in set("\"“'‘「")


def _condition(command: _Command, values: dict[str, Any]) -> Condition | None:
    """None where several sensors are named: which of them is meant to count is not known."""
    sensors, number = values["sensor"], values.pop("number")
    if len(sensors) != 1:
        return None
    return Condition(sensors[0], ">" if command.compare == ">" else "<", float(number))


def _watch(condition: Condition, values: Mapping[str, Any]) -> Call:
    """What keeps a condition in view."""
    compare = "above" if condition.compare == ">" else "below"
    arguments: dict[str, Any] = {"sensor": condition.sensor, "compare": compare, "number": condition.number}
    arguments |= {"severity": values["severity"]} if "severity" in values else {}
    unit = phrasings()["units"]["names"].get(str(values.get("unit", "")).lower().removeprefix("degrees ").strip())
    return Call("watch_set", {**arguments, "unit": unit} if unit else arguments)


@cache
def _commands() -> Mapping[Language, tuple[_Command, ...]]:
    """The sentences, compiled at the first use: about 40 ms."""
    raw, slots = phrasings(), patterns()
    commands: dict[Language, list[_Command]] = {"en": [], "zh": []}
    for entry in raw["command"]:
        for language, compiled in commands.items():
            compiled.extend(
                _Command(
                    entry.get("tool", ""),
                    entry.get("about", ""),
                    compile_template(source, language, slots, raw["rules"][language]),
                    entry.get("arguments", {}),
                    entry.get("hint", ""),
                    entry.get("compare", ""),
                    entry.get("once", False),
                    entry.get("loose", False),
                )
                for source in entry[language]
            )
    return {language: tuple(compiled) for language, compiled in commands.items()}


@cache
def command_words() -> frozenset[str]:
    """The English words of all sentences and of the glossary."""
    words = {word for command in _commands()["en"] for word in command.template.words}
    return frozenset(words | {word for words in glossary().values() for word in words.split()})
