"""Calls in canonical words: the order as one would say it, and what it will do, in English and Chinese."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.understanding.examples import ToolTalk
from agents.understanding.interpretation import PlannedCall
from agents.understanding.questions import kind_name
from edge.kernel.language import Language
from tools.calling.markdown import arguments_text

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PLACE = re.compile(r"\{([a-z_0-9.]+)\}")
_DURATIONS = ((86400, "d", "天"), (3600, "h", "小时"), (60, "min", "分钟"))


def order_of(
    call: PlannedCall, talk: Mapping[str, ToolTalk], language: Language = "en", *, partial: bool = False
) -> str:
    """A call as one would order it in words; by its name, in words, and arguments where its slice has no words for it.

    Args:
        partial: what is not known yet is told by its kind.
    """
    said = talk.get(call.tool)
    if said is not None and said.order is not None:
        words = fill_template(getattr(said.order, language), call.arguments, language, partial=partial)
        if words:
            return words
    return f"{call.tool.replace('_', ' ')}: {arguments_text(call.arguments)}".removesuffix(": ")


def effect_of(call: PlannedCall, talk: Mapping[str, ToolTalk], language: Language = "en") -> str:
    """What a call will do, as the end of "This ..."; empty where nobody wrote it."""
    said = talk.get(call.tool)
    return fill_template(getattr(said.does, language), call.arguments, language) if said and said.does else ""


def fill_template(template: str, arguments: Mapping[str, Any], language: Language, *, partial: bool = False) -> str:
    """The template with its places filled; empty where one outside brackets has no value.

    Args:
        partial: what has no value is told by its kind, as in "promote a version to champion".
    """

    def filled(part: str, *, open_ended: bool = False) -> str | None:
        values = {place: _value_at(place, arguments) for place in _PLACE.findall(part)}
        if any(value is None for value in values.values()) and not open_ended:
            return None

        def shown(match: re.Match[str]) -> str:
            value = values[match[1]]
            return _some(match[1], language) if value is None else shown_value(match[1], value, language)

        return _PLACE.sub(shown, part)

    whole = filled(_OPTIONAL.sub(lambda match: filled(match[1]) or "", template), open_ended=partial)
    return re.sub(r"  +", " ", whole).strip() if whole else ""


def _some(place: str, language: Language) -> str:
    """What stands for a value that is not known yet: "a version", "某个版本"."""
    name = kind_name(place.rpartition(".")[2], language)
    if language == "zh":
        return f"某个{name}"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _value_at(place: str, arguments: Mapping[str, Any]) -> Any:
    value: Any = arguments
    for step in place.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def shown_value(place: str, value: Any, language: Language) -> str:  # noqa: PLR0911 - one for each type
    """A value as people say it: durations with their unit, percentages as such, lists with commas."""
    name = place.rpartition(".")[2]
    if isinstance(value, bool):
        return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    if name == "percentages":
        return f"{', '.join(str(one) for one in _listed(value))} %"
    if name.endswith("_s") and isinstance(value, int | float):
        return _duration(value, language)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ("、" if language == "zh" else ", ").join(shown_value(place, one, language) for one in value)
    if isinstance(value, Mapping):
        return arguments_text(dict(value))
    return str(value).replace("_", "-") if name in {"strategy", "kind"} else str(value)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _duration(seconds: float, language: Language) -> str:
    for size, short, chinese in _DURATIONS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {chinese if language == 'zh' else short}"
    return f"{seconds:g} {'秒' if language == 'zh' else 's'}"
