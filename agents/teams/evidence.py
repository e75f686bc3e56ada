"""Evidence of a crew: every tool result under an id, every field of it under a path, every thing in it a record.

`E1.licence.commercial_use` and `E2.approvals[0].state` are references; what stands there is rendered here, by code.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel

from agents.teams.outcomes import Outcome, Refused, Waiting

NAMING = frozenset(
    "id name model models version versions former_version subject target reference device alias aliases tenant group"
    " pipeline factory maker dataset task tool strategy gate run base adapter policy rollout rollout_id approval file"
    " document licence_id spdx licence".split()
)
"""Fields whose short values name something."""

PEOPLE = frozenset(
    "requester requested_by decided_by on_behalf_of created_by principal giver receiver asked_by answered_by by".split()
)
"""Fields whose values name somebody."""

_REFERENCE = re.compile(r"E\d+(?:\.[\w@:-]+|\[[^\[\]]{1,120}\])*")
_STEP = re.compile(r"\.([\w@:-]+)|\[([^\[\]]+)\]")
_KEYED = re.compile(r"[@:]|^[a-z]+-?\d[\w.-]*$")
_DIGEST = re.compile(r"(?:^|_)digests?$")
_LONGEST_NAME, _MOST_SHOWN = 80, 3500
_FEW_WORDS, _FEW_LETTERS = 3, 8
"""Fewer are a name or a label, and say nothing."""
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Fact:
    """A value, what it is of a record, and where it stands."""

    attribute: str
    value: str | float | bool
    path: str


_Below = tuple[Mapping[str, Any] | Fact, str, frozenset[str]]
"""A thing in a list or map, where it stands, and the name that it is kept under."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that a tool tells of, with the names that it goes by.

    Attributes:
        names: its own, in lower case.
        above: names of what it belongs to.
    """

    names: frozenset[str]
    above: frozenset[str]
    facts: tuple[Fact, ...]

    def of(self, *attributes: str) -> Iterator[Fact]:
        """The facts of these attributes."""
        return (fact for fact in self.facts if fact.attribute in attributes)


@dataclass(frozen=True, slots=True)
class Item:
    """One result: `E{number}`."""

    number: int
    tool: str
    arguments: Mapping[str, Any]
    content: Any

    @property
    def id(self) -> str:
        return f"E{self.number}"

    def shown(self) -> str:
        """As a model is shown it: data, without digests and empty fields, cut where it is long."""
        text = json.dumps(_slim(self.content), ensure_ascii=False, separators=(", ", ": "), default=str)
        if len(text) > _MOST_SHOWN:
            text = f"{text[:_MOST_SHOWN]} … (cut)"
        asked = json.dumps(dict(self.arguments), ensure_ascii=False, default=str)
        return f"{self.id} = {self.tool}({asked}):\n{text}"


@dataclass(slots=True)
class Evidence:
    """All results that a crew may refer to; grows as its agents look things up."""

    items: list[Item] = field(default_factory=list[Item])

    def add(self, tool: str, arguments: Mapping[str, Any], result: Outcome) -> Item:
        """Take a result in under the next id."""
        item = Item(len(self.items) + 1, tool, dict(arguments), _content(result))
        self.items.append(item)
        return item

    def value_at(self, reference: str) -> Any:
        """What stands at a reference. Raises KeyError: nothing does."""
        if not _REFERENCE.fullmatch(reference):
            raise KeyError(reference)
        number = re.match(r"E(\d+)", reference)
        index = int(number[1]) if number else 0
        if not 1 <= index <= len(self.items):
            raise KeyError(reference)
        found: Any = self.items[index - 1].content
        for name, position in _STEP.findall(reference):
            found = _step(found, name or position)
            if found is _ABSENT:
                raise KeyError(reference)
        return found

    def scalar_at(self, reference: str) -> str | float | bool:
        """A single value. Raises KeyError: there is none, or several."""
        value = self.value_at(reference)
        if value is None or isinstance(value, Mapping | list):
            raise KeyError(reference)
        return value

    def shown(self, limit: int) -> str:
        """Everything as a model is shown it, in at most `limit` characters."""
        return "\n\n".join(item.shown() for item in self.items)[:limit]

    def read(self) -> "ReadEvidence":
        """What it says now, taken apart."""
        return ReadEvidence(tuple(self.items))


@dataclass(frozen=True)
class ReadEvidence:
    """Results taken apart into records, names and texts."""

    items: tuple[Item, ...]

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """Every thing that is told of."""
        return tuple(record for item in self.items for record in _records_of(item))

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of things and people, in lower case."""
        there = {name for record in self.records for name in record.names}
        return frozenset(there | self.people)

    @cached_property
    def people(self) -> frozenset[str]:
        """Names of people, in lower case."""
        return frozenset(
            str(fact.value).lower() for record in self.records for fact in record.facts if fact.attribute in PEOPLE
        )

    @cached_property
    def texts(self) -> tuple[tuple[Record, str], ...]:
        """What is said in words, each with what it is said of."""
        return tuple(
            (record, fact.value)
            for record in self.records
            for fact in record.facts
            if isinstance(fact.value, str) and not _names(fact) and _is_sentence(fact.value)
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in it, of fields and of values, in lower case."""
        text = " ".join(
            f"{fact.path} {fact.attribute} {fact.value}" for record in self.records for fact in record.facts
        )
        return frozenset(re.findall(r"[a-z]+", text.lower()))

    @cached_property
    def letters(self) -> str:
        """All that is written in it, in which Chinese words are looked for."""
        return "\n".join(str(fact.value) for record in self.records for fact in record.facts)


def rendered(value: str | float | bool) -> str:
    """A value as a reader is shown it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return value.replace("_", " ") if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", value) else value


def same_place(one: str, other: str) -> bool:
    """Whether two references are to the same field: E1.by[x@1] and E1.by.x@1 are."""
    return _steps_of(one) == _steps_of(other)


def _steps_of(reference: str) -> list[str]:
    result = re.match(r"E\d+", reference)
    return [
        result[0] if result else "",
        *((name or position).strip("'\"") for name, position in _STEP.findall(reference)),
    ]


def _content(result: Outcome) -> Any:
    match result:
        case Waiting(call, approval):
            return {
                "tool": call.tool,
                "arguments": call.arguments,
                "state": "waiting_for_approval",
                "approval": approval,
            }
        case Refused(call, error):
            reasons = [*getattr(error, "reasons", ())]
            return {
                "tool": call.tool,
                "arguments": call.arguments,
                "state": "refused",
                "reason": error.message,
                "reasons": reasons,
            }
        case BaseModel():
            return result.model_dump(mode="json")


def _step(found: Any, step: str) -> Any:
    if isinstance(found, Mapping):
        mapping = cast("Mapping[str, Any]", found)
        return mapping.get(step.strip("'\""), _ABSENT)
    if isinstance(found, list) and step.isdecimal():
        elements = cast("list[Any]", found)
        return elements[int(step)] if int(step) < len(elements) else _ABSENT
    return _ABSENT


def _slim(content: Any) -> Any:
    if isinstance(content, Mapping):
        mapping = cast("Mapping[str, Any]", content)
        kept = {key: _slim(value) for key, value in mapping.items() if not _DIGEST.search(key)}
        return {key: value for key, value in kept.items() if value not in (None, "", [], {})}
    if isinstance(content, list):
        return [_slim(value) for value in cast("list[Any]", content)]
    return content


def _records_of(item: Item) -> Iterator[Record]:
    asked = {str(value).lower() for key, value in item.arguments.items() if key in NAMING and isinstance(value, str)}
    content = item.content if isinstance(item.content, Mapping) else {"value": item.content}
    mapping = cast("Mapping[str, Any]", content)
    yield from _walk(mapping, item.id, frozenset(asked), frozenset())
    if _compares(mapping):
        yield from _side_by_side(mapping, item.id)


def _walk(node: Mapping[str, Any], path: str, named: frozenset[str], above: frozenset[str]) -> Iterator[Record]:
    """The record of a node, with what is nested in it, then those of its lists and of its maps keyed by names."""
    facts: list[Fact] = []
    below: list[_Below] = []
    _gather(
        {key: value for key, value in node.items() if not (key == "metrics" and _compares(node))}, path, facts, below
    )
    names = frozenset(named | {str(fact.value).lower() for fact in facts if _names(fact)})
    if facts:
        yield Record(names, above, tuple(facts))
    keyed = frozenset(name for _, _, key in below for name in key)
    belongs = frozenset((above | names) - keyed)
    for child, at, key in below:
        if isinstance(child, Fact):
            yield Record(key, belongs, (child,))
        else:
            yield from _walk(child, at, key, belongs)


def _gather(node: Mapping[str, Any], path: str, facts: list[Fact], below: list[_Below]) -> None:
    for key, value in node.items():
        at = f"{path}.{key}" if re.fullmatch(r"[\w@:-]+", key) else f"{path}[{key}]"
        if _DIGEST.search(key):
            continue
        if isinstance(value, Mapping):
            mapping = cast("Mapping[str, Any]", value)
            if key in {"first", "second"}:
                below.append((mapping, at, frozenset()))
            elif key != "metrics" and any(_KEYED.search(name) for name in mapping):
                below.extend(_keyed(key, mapping, at))
            else:
                _gather(mapping, at, facts, below)
        elif isinstance(value, list):
            _gather_list(key, cast("list[Any]", value), at, facts, below)
        elif isinstance(value, str | int | float) and value != "":
            facts.append(Fact(key, value, at))


def _keyed(key: str, mapping: Mapping[str, Any], at: str) -> Iterator[_Below]:
    """The things of a map whose keys are their names."""
    for name, one in mapping.items():
        path = f"{at}[{name}]"
        child = cast("Mapping[str, Any]", one) if isinstance(one, Mapping) else Fact(key, one, path)
        yield child, path, frozenset({name.lower()})


def _gather_list(key: str, elements: list[Any], at: str, facts: list[Fact], below: list[_Below]) -> None:
    facts.append(Fact(f"{key}_count", float(len(elements)), at))
    for index, one in enumerate(elements):
        if isinstance(one, Mapping):
            below.append((cast("Mapping[str, Any]", one), f"{at}[{index}]", frozenset()))
        elif isinstance(one, str | int | float):
            facts.append(Fact(key, one, f"{at}[{index}]"))


def _compares(node: Mapping[str, Any]) -> bool:
    return {"first", "second", "metrics"} <= node.keys()


def _names(fact: Fact) -> bool:
    return (
        fact.attribute in NAMING
        and isinstance(fact.value, str)
        and len(fact.value) <= _LONGEST_NAME
        and not _is_word_only(fact)
    )


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= _FEW_WORDS or (not text.isascii() and len(text) >= _FEW_LETTERS)


def _is_word_only(fact: Fact) -> bool:
    """Whether a word of the field's own, such as the strategy "canary", which names nothing."""
    return fact.attribute in {"strategy", "tool"}


def _side_by_side(content: Mapping[str, Any], path: str) -> Iterator[Record]:
    """The metrics of two versions that a comparison shows beside each other, as records of each."""
    tasks = cast("Mapping[str, Mapping[str, Sequence[float | None]]]", content["metrics"])
    for position, side in enumerate(("first", "second")):
        version = cast("Mapping[str, Any]", content[side])
        facts = [
            Fact(metric, value, f"{path}.metrics.{task}.{metric}[{position}]")
            for task, metrics in tasks.items()
            for metric, pair in metrics.items()
            if (value := pair[position]) is not None
        ]
        names = {str(version[key]).lower() for key in ("id", "reference") if version.get(key)}
        yield Record(frozenset(names), frozenset(), tuple(facts))
