"""Grounding: which sentences of a model's answer the results support.

The rest is dropped: numbers and verdicts never come from a model.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from edge.agent.entity_linking import phrasings
from edge.kernel.grounding import amounts, codes, plain
from edge.kernel.language import Language, detect_language

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\n+")
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")
_LITERAL = re.compile(r"[A-Za-z0-9_.,:/-]*\d[:/-]\d[A-Za-z0-9_.,:/-]*")
"""Times, dates and the like: their parts are no figures of their own."""
_VAGUE = re.compile(
    r"\b(?:hundred|thousand|million|half|third|quarter|double|twice|dozen)\b|[零一二三四五六七八九十百千万]+(?=[成倍])",
    re.IGNORECASE | re.ASCII,
)
_UNCHECKED = frozenset({"one", "zero"})
_UNITS: Mapping[str, tuple[str, ...]] = {
    **{unit: (unit.lower(),) for unit in "kPa MPa psi mm/s rpm kW kB MB GB TB".split()},
    "°C": ("°c", "℃", "celsius"), "°F": ("°f", "℉"), "%": ("%", "percent"), "bar": ("bar",), "V": ('"v"', "volt"),
    "A": ('"a"', "amp"), "W": ('"w"', "watt"), "ms": ("_ms", "millisecond"), "s": ("_s", "_ms", "second"),
    "min": ("minute", "分钟"), "h": ("hour", "小时"), "day": ("day", "天"),
}  # fmt: skip
"""How results show that a value has this unit."""

_DENIES = re.compile(
    r"\b(?:no|not|none|never|without|nothing|cannot|isn'?t|aren'?t|wasn'?t)\b|没有|并非|不是|无法|未",
    re.IGNORECASE | re.ASCII,
)
_NOTHING = re.compile(r"\[\]|\bnull\b|\bfalse\b|\bno\b|\bnot\b|\bnone\b|: 0[,}\s]|没有|无", re.IGNORECASE | re.ASCII)
_CLAIMS_DEED = re.compile(
    r"\b(?:i(?:'ve| have)?|has been|have been|was|were)\s+(?:\w+\s+)?"
    r"(?:raised|sent|notified|restarted|stopped|started|shut|fixed|reset|changed|updated|deleted|scheduled)\b"
    r"|已(?:经)?(?:发送|通知|重启|停止|启动|关闭|修复|重置|修改|更新|删除)",
    re.IGNORECASE | re.ASCII,
)
_WORD = re.compile(r"[a-z]{4,}")
_LITTLE = frozenset(
    "this that these those with from have here there which what when where were will would could should about into than"
    " then them they your their being been does value values reading readings current currently result results shows"
    " show shown according device sensor sensors data found last latest first time now only also more less most some"
    " each other between following information answer question moment mean means meaning said says tell please".split()
)


@cache
def _judged() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Words of a verdict, and what must stand in the results for it."""
    return tuple(
        (
            re.compile(rf"\b(?:{verdict['en']})\b|{verdict['zh']}", re.IGNORECASE | re.ASCII),
            re.compile(verdict["support"]),
        )
        for verdict in phrasings()["verdict"]
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the results say.

    Attributes:
        text: the JSON of all results, lower-case.
        told: the texts in them, without the names of fields, and "normal" where there are no problems.
        numbers: all numbers, those in texts, too.
        owners: for each number that belongs to something with a name, the words of those names.
    """

    text: str
    told: str
    words: frozenset[str]
    numbers: frozenset[float]
    owners: Mapping[float, tuple[frozenset[str], ...]]


def evidence_of(results: Sequence[Mapping[str, Any]]) -> Evidence:
    """Gather what results say."""
    text = json.dumps(results, ensure_ascii=False, default=str).lower()
    numbers = {float(found.replace(",", "")) for found in _NUMBER.findall(text)}
    numbers |= {-number for number in numbers if f"-{number:g}" in text}
    owners: dict[float, tuple[frozenset[str], ...]] = {}
    for name, number in _named(list(results), frozenset()):
        owners[number] = (*owners.get(number, ()), name)
    told = " ".join(texts_of(list(results))).lower() + (" normal" if '"problems": []' in text else "")
    return Evidence(text, told, frozenset(_words(text)), frozenset(numbers), owners)


def supported(answer: str, evidence: Evidence, question: str, language: Language) -> tuple[str, list[str]]:
    """The sentences of an answer that the results support, and those that were dropped."""
    kept: list[str] = []
    dropped: list[str] = []
    asked = frozenset(_words(question.lower()))
    for sentence in (part.strip() for part in _SENTENCE.split(answer)):
        if not re.search(r"\w", sentence):
            continue
        (kept if _holds(sentence, evidence, asked, language) else dropped).append(sentence)
    return ("" if language == "zh" else " ").join(kept), dropped


def essence(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """A result without what only says where a passage stands: its offsets are no figures to answer with."""
    if not isinstance(result.get("passages"), list):
        return result
    passages: list[Any] = result["passages"]
    short = [
        {key: value for key, value in one.items() if key in {"text", "title", "heading", "document"}}
        if isinstance(one, Mapping)
        else one
        for one in passages
    ]
    return {**result, "passages": short}


def says_something(result: Mapping[str, Any], question: str) -> bool:
    """Whether a result has to do with a question: it is not empty, and passages hold half of its words and codes."""
    found = [part for part in result.values() if isinstance(part, list)]
    if found and not any(found) and "problems" not in result:
        return False
    if "passages" not in result:
        return True
    told = " ".join(texts_of(result["passages"])).lower()
    pieces = _pieces(question.lower())
    return 2 * sum(weight for piece, weight in pieces.items() if piece in told) >= sum(pieces.values())


def _pieces(text: str) -> Mapping[str, int]:
    """The beginnings of words, codes such as "e-217" (which count twice), and pairs of Chinese characters."""
    words = {word[:5] for word in _WORD.findall(text) if word not in _LITTLE}
    han = re.findall(
        r"[\u3400-\u9fff]+", re.sub(r"为什么|怎么样?|什么时候|多久|如何|应该|需要|请问|的|了|吗|呢", " ", text)
    )
    words |= {run[at : at + 2] for run in han for at in range(max(1, len(run) - 1))}
    return dict.fromkeys(words, 1) | {text[start:end]: 2 for start, end, _ in codes(text)}


def _holds(sentence: str, evidence: Evidence, asked: frozenset[str], language: Language) -> bool:
    if len(re.findall(r"[^\W\d_]", sentence)) < 4 or detect_language(sentence) != language:
        return False
    if _CLAIMS_DEED.search(sentence) or _VAGUE.search(sentence):
        return False
    if not _figures_hold(sentence, evidence):
        return False
    if any(verdict.search(sentence) and not support.search(evidence.told) for verdict, support in _judged()):
        return False
    if _DENIES.search(sentence) and not _NOTHING.search(evidence.text):
        return False
    words = [word for word in _words(sentence.lower()) if word not in _LITTLE]
    backed = sum(word in evidence.words or word in asked for word in words)
    return backed * 2 >= len(words)


def _figures_hold(sentence: str, evidence: Evidence) -> bool:
    """Whether each figure and code is in the results, with its unit, and belongs there to what the sentence names."""
    said = re.sub(r"(?<=\d) ?([CF])\b", r" °\1", plain(sentence))
    literals, rest = _LITERAL.findall(said), _LITERAL.sub(" ", said)
    literals += [rest[start:end] for start, end, _ in codes(rest)]
    if not all(literal.strip(".,:/-").lower() in evidence.text for literal in literals):
        return False
    words = frozenset(re.findall(r"[a-z0-9]+", sentence.lower()))
    return all(
        _known(figure, unit, words, evidence)
        for start, end, figure, unit in amounts(rest)
        if rest[start:end].lower() not in _UNCHECKED
    )


def _known(figure: str, unit: str, words: frozenset[str], evidence: Evidence) -> bool:
    if figure.count(".") > 1:  # a version
        return figure in evidence.text
    value = float(figure)
    if value not in evidence.numbers or not any(spelling in evidence.text for spelling in _UNITS.get(unit, ("",))):
        return False
    owners = evidence.owners.get(value, ())
    others = [name for names in evidence.owners.values() for name in names if name not in owners]
    named_other = any(name <= words for name in others)
    return not named_other or not owners or any(name <= words for name in owners)


def _words(text: str) -> Iterator[str]:
    """Words without their plainest endings."""
    for word in _WORD.findall(text):
        yield word.removesuffix("s").removesuffix("e")


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_of(part)
    elif isinstance(value, Iterable):
        for part in value:
            yield from texts_of(part)


def _named(value: Any, name: frozenset[str]) -> Iterator[tuple[frozenset[str], float]]:
    """Every number with the words of the name that it belongs to."""
    if isinstance(value, Mapping):
        own = value.get("sensor") or value.get("name")
        words = frozenset(re.findall(r"[a-z0-9]+", own.lower())) if isinstance(own, str) else name
        for part in value.values():
            yield from _named(part, words)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for part in value:
            yield from _named(part, name)
    elif isinstance(value, int | float) and not isinstance(value, bool) and name:
        yield name, float(value)
