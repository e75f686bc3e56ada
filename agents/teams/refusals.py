"""Why an order was not done, as people read it: no names of tools, and in Chinese where the thread is."""

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, TypeAdapter

from agents.understanding.questions import kind_name
from edge.kernel.errors import CallerError, Conflict, InvalidInput, LimitReached, NotAllowed, NotFound
from edge.kernel.language import Language
from memory.yaml_text import parse_yaml

_CALLED_SO = re.compile(r"^\w+ cannot be called so: (?P<wrong>.*)\.$", re.DOTALL)
_MAY_NOT_CALL = re.compile(r"^(?P<who>\S+) may not call \S+: it needs (?P<rights>.+)\.$")
_MISSING = re.compile(r"(?P<place>[\w.]+): field required")
_UNKNOWN = re.compile(r"(?P<place>[\w.]+): extra inputs are not permitted")
_PLACED = re.compile(r"^(?P<place>[a-z_0-9.]+): (?P<what>.*)$", re.DOTALL)
_IT_TAKES = re.compile(r"^It takes (?P<names>.*)\.$")
_TOOL_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_KINDS: tuple[tuple[type[CallerError], str], ...] = (
    (NotFound, "not_found"),
    (NotAllowed, "not_allowed"),
    (Conflict, "conflict"),
    (InvalidInput, "invalid"),
    (LimitReached, "limit"),
)


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    of: str
    zh: str


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: list[_Rule]
    advice: list[_Rule]
    kinds: dict[str, str]
    otherwise: dict[str, str]


@cache
def _rules() -> _Rules:
    return TypeAdapter(_Rules).validate_python(parse_yaml(files("agents.teams").joinpath("refusals.yaml").read_bytes()))


def told(error: CallerError, language: Language, tools: Collection[str] = ()) -> tuple[str, str]:
    """The message and the advice of an error.

    Args:
        tools: names that stand for operations; they are said as words.
    """
    message = _plain_message(error.message, language)
    advice = _plain_advice(error.advice)
    if language == "zh":
        message = message if _CALLED_SO.match(error.message) else _in_chinese(message, error)
        in_chinese = _matched(advice, _rules().advice)
        advice = advice if in_chinese is None else in_chinese
    return _without_tools(message, tools), _without_tools(advice, tools)


def _plain_message(message: str, language: Language) -> str:
    if (found := _CALLED_SO.match(message)) is not None:
        return _misfits(found["wrong"], language)
    if language == "en" and (found := _MAY_NOT_CALL.match(message)) is not None:
        return f"{found['who']} may not do this: it needs {found['rights']}."
    return message


def _plain_advice(advice: str) -> str:
    """Advice on the call's arguments is for programs; people are told what is missing."""
    return "" if _IT_TAKES.match(advice) or advice == "Correct the arguments." else advice


def _misfits(wrong: str, language: Language) -> str:
    chinese = language == "zh"
    missing = [_words(one["place"]) for one in _MISSING.finditer(wrong)]
    unknown = [_words(one["place"]) for one in _UNKNOWN.finditer(wrong)]
    others = [
        f"{_words(found['place'])}：{found['what']}" if chinese else f"{_words(found['place'])}: {found['what']}"
        for part in wrong.split("; ")
        if (found := _PLACED.match(part)) and not _MISSING.match(part) and not _UNKNOWN.match(part)
    ]
    said = (
        [
            *([f"缺少 {'、'.join(missing)}"] if missing else []),
            *([f"不认识 {'、'.join(unknown)}"] if unknown else []),
            *([f"不合适：{'；'.join(others)}"] if others else []),
        ]
        if chinese
        else [
            *([f"it lacks {', '.join(missing)}"] if missing else []),
            *([f"it has no {', '.join(unknown)}"] if unknown else []),
            *([f"not fitting is {'; '.join(others)}"] if others else []),
        ]
    )
    if not said:
        return f"说法不合适：{wrong}。" if chinese else f"It cannot be done so: {wrong}."
    return f"这样做不了：{'；'.join(said)}。" if chinese else f"It cannot be done so: {'; '.join(said)}."


def _words(place: str) -> str:
    return place.replace("_", " ")


def _in_chinese(message: str, error: CallerError) -> str:
    known = _matched(message, _rules().messages)
    if known is not None:
        return known
    name = next((name for kind, name in _KINDS if isinstance(error, kind)), "other")
    return _rules().otherwise[name].format(message=message)


def _matched(text: str, rules: list[_Rule]) -> str | None:
    for rule in rules:
        if (found := re.fullmatch(rule.of, text, re.DOTALL)) is not None:
            values = found.groupdict()
            if "kind" in values:
                kind = values["kind"]
                values["kind"] = _rules().kinds.get(kind) or kind_name(kind.replace(" ", "_"), "zh")
            return rule.zh.format(**values)
    return None


def _without_tools(text: str, tools: Collection[str]) -> str:
    return _TOOL_NAME.sub(lambda found: _words(found[0]) if found[0] in tools else found[0], text)
