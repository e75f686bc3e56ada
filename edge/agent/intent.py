"""Which tools a text calls for: writes that a person's own words order, and reads that a question can be about.

Writes are decided by rule, from the words alone, never by a model. A model may only be offered a tool that writes when
this says so; whatever stands in a log, a document or another result cannot change that. The same holds for what is
written: it is the person's words. Of the tools that read, a tiny model would take any that it is offered.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

from edge.agent.entity_linking import Names, glossary, phrasings, words_in
from edge.kernel.language import detect_language

WRITES = frozenset(
    "alert_raise note_take diagnostic_run sensor_sample evaluation_run reminder_set reminder_remove watch_set"
    " watch_remove".split()
)
"""The device's tools that write. A tool that is not known here and writes is never offered to a model."""

_ASKS = re.compile(r"(?:[?？]|吗)[\s.!。！\"”)]*$")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|(?<!\w)'[^']*'(?!\w)|`[^`]*`")
_REQUEST = re.compile(
    r"^\W*(?:(?:please|hey|hi|hello|so|ok|okay|now)\W+)*(?:(?:can|could|would|will) you|would you mind)\b"
    r"|^\s*(?:请问?|麻烦你?|能不能|能否|可以|可否)?(?:帮我|帮忙|帮|给我|替我)?",
    re.IGNORECASE,
)
_CLAUSE = (
    r"(?:^|[,;.!:]|\b(?:and|then|also|to|please|you|tomorrow|tonight|later)\b)"
    r"\s*(?:(?:please|then|also|just|quickly|now|me|us)\s+)*"
)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """A pattern of "intent" in `phrasings.toml`."""
    return _compiled(phrasings()["intent"][name])


def _fits(name: str, text: str) -> bool:
    return _pattern(name).search(text) is not None


@cache
def _patterns(kind: Literal["orders", "topics"]) -> Mapping[str, re.Pattern[str]]:
    """By the name of the tool."""
    return {tool: _compiled(pieces) for tool, pieces in phrasings()["intent"][kind].items()}


def _compiled(pieces: Iterable[str]) -> re.Pattern[str]:
    return re.compile("".join(pieces).replace("<clause>", _CLAUSE), re.IGNORECASE | re.ASCII)


def _ordered(plain: str) -> frozenset[str]:
    return frozenset(name for name, order in _patterns("orders").items() if order.search(plain))


def is_question(text: str) -> bool:
    """Whether it asks, and is no order that is put politely as a question."""
    return bool(_ASKS.search(text)) and not _fits("request", text)


def is_polite(text: str) -> bool:
    """Whether it is an order that is put as a question ("can you …")."""
    return _fits("request", text)


def asks_something(text: str) -> bool:
    """Whether it asks how, why, what, when or whether, with or without a question mark, and orders nothing."""
    return not _ordered(_QUOTED.sub(" ", text)) and (is_question(text) or _fits("asks_how", text))


def takes_back(said: str, *, delimited: bool) -> bool:
    """Whether free text at the end of a command means that the command is not meant, or not now.

    Args:
        delimited: a colon or a quotation mark says where the text begins, so its first words are part of it.
    """
    return _fits("takes_back", said) or (not delimited and _fits("bound", said))


def asked_writes(text: str) -> frozenset[str]:
    """The tools that write and that the text orders plainly: not denied, not supposed, not quoted, not asked about."""
    plain = _QUOTED.sub(" ", text.replace("’", "'"))
    plain = re.sub(r"[:：].*", ":", plain, flags=re.DOTALL)  # what is to be written may hold any words
    if is_question(plain) or _fits("denied", plain) or _fits("supposed", plain) or _fits("takes_back", text):
        return frozenset()
    return _ordered(plain)


def is_machine_order(text: str) -> bool:
    """Whether it orders what no tool of a device does: restart, switch, set, install.

    Such an order is refused and said so; a reading is no answer to it, and it is for no hub to do either. A question
    how or why something is done is a question.
    """
    plain = re.sub(r"[:：].*|\bremind\b.*|提醒.*", "", _QUOTED.sub(" ", text.replace("’", "'")), flags=re.DOTALL)
    if _fits("asks_how", plain) or (is_question(plain) and not _fits("request", plain)):
        return False
    return _fits("machine_order", _REQUEST.sub(" ", plain))


def speaks_of_reminding(text: str) -> bool:
    """Whether it orders a reminder; where it says when, it is a known command."""
    return bool(re.match(r"\s*(?:please\s+)?remind\b|.*提醒我", text, re.IGNORECASE)) and not is_question(text)


def withheld_writes(text: str) -> frozenset[str]:
    """The tools that write and that the text speaks of as to be done, but not plainly, so that they are not used.

    None where it asks about them: that is a question as any other.
    """
    plain = text.replace("’", "'")
    if is_question(plain) or _fits("wonders", plain):
        return frozenset()
    return _ordered(plain) - asked_writes(text)


def in_own_words(arguments: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Arguments of a write in which every text is the person's: one that they did not say gives way to what they said.

    Short words of a fixed set (a severity, the name of a diagnostic) stay only where the person said a word of them;
    else they are left out, and the tool's own default counts.
    """
    spoken = _squeezed(text)
    words = set(re.findall(r"\w+", text.lower()))
    kept: dict[str, Any] = {}
    for name, value in arguments.items():
        if not isinstance(value, str):
            if isinstance(value, int | float) and str(value) in text:
                kept[name] = value
        elif _squeezed(value) in spoken or (
            re.fullmatch(r"[\w.-]{1,40}", value) and words & set(re.findall(r"[^\W_]+", value.lower()))
        ):
            kept[name] = value
        elif name in {"text", "message"}:
            kept[name] = _told(text)
    return kept


def _told(text: str) -> str:
    """What a person wants to have written: behind the colon where there is one, else all of it."""
    _, colon, behind = text.replace("：", ":").partition(":")
    return (behind if colon and behind.strip() else text).strip()[:500]


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "" if detect_language(text) == "zh" else " ", text.lower()).strip()


def mentioned(text: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of which a text has most words, in alphabetical order; none where it has no word of any."""
    said = {word: meant for meant, words in phrasings()["intent"]["implied"].items() for word in words.split()}
    common = {name: max(_in_common(text, alias, said) for alias in (name, *known[name])) for name in known}
    most = max(common.values(), default=0)
    return sorted(name for name, count in common.items() if count == most) if most else []


def unnamed_options(text: str) -> frozenset[str]:
    """Optional arguments of tools over sensors of which the text has no word."""
    plain = text.lower()
    units = {name for name in phrasings()["units"]["names"] if len(name) > 1}
    named = {
        "unit": any(re.search(rf"(?<![\w/]){re.escape(name)}(?![\w/])", plain) for name in units),
        "day": bool(re.search(r"\b(?:today|yesterday)\b|今天|今日|昨天|昨日", plain)),
        "figure": bool(
            re.search(r"\b(?:max|min|maximum|minimum|average|mean|highest|lowest|peak)\b|最|平均|峰值", plain)
        ),
        "folder": bool(re.search(r"\b(?:folder|directory)\b|目录|文件夹", plain)),
        "file": bool(re.search(r"\bfiles?\b|\w\.(?:log|txt|gz)\b|文件", plain)),
        "pack": False,
    }
    return frozenset(name for name, is_named in named.items() if not is_named)


def on_topic(text: str, names: Names) -> frozenset[str]:
    """Names of tools; knowledge may be searched for anything, and for how something is done nothing else is."""
    if _fits("how_to", text):
        return frozenset({"knowledge_search"})
    topics = {name for name, words in _patterns("topics").items() if words.search(text)}
    if _fits("quantities", text) or (not topics and _names_one(text, names.sensors)):
        topics |= {"sensor_read", "sensor_history"}
    return frozenset(topics | {"knowledge_search"})


def _names_one(text: str, known: Mapping[str, Iterable[str]]) -> bool:
    """Whether a text has all words that one of them is called by; "air" is no "air inlet"."""
    called = [(alias, _in_common(text, alias)) for name in known for alias in (name, *known[name])]
    return any(common and common >= len(words_in(alias, glossary())) for alias, common in called)


def _in_common(text: str, alias: str, implied: Mapping[str, str] = {}) -> int:
    """How many words of an alias a text has; a Chinese one that stands in it as a whole counts as its characters."""
    if not alias.isascii() and alias in text:
        return len(alias)
    return len(words_in(text, {**glossary(), **implied}) & words_in(alias, glossary()))


def own_terms(arguments: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Arguments of a search whose words are the question's: a tiny model makes up what it looks for."""
    said = words_in(text, {})
    kept = dict(arguments)
    for name in ("query", "text"):
        value = kept.get(name)
        if isinstance(value, str) and not (words_in(value, {}) <= said or value in text):
            kept.pop(name)
    if "query" in arguments:
        kept.setdefault("query", text[:300])
    return kept
