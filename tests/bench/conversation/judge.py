"""The verdict on what a turn did, by the alternatives that a case allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["VERDICTS", "Call", "Turn", "Verdict", "judge"]

Verdict = Literal[
    "right_call", "right_question", "right_answer", "needless_question", "dead_end", "misleading", "wrong_act"
]
VERDICTS: tuple[Verdict, ...] = (
    "right_call",
    "right_question",
    "right_answer",
    "needless_question",
    "dead_end",
    "misleading",
    "wrong_act",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the turn, made or proposed; `changes` where its tool is not one that reads."""

    tool: str
    arguments: Mapping[str, Any]
    changes: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """What the last turn of a case came to; `asks` where it ended with a question back or a plain "Not done:"."""

    calls: Sequence[Call]
    asks: bool
    answered: bool


def judge(expected: Sequence[Mapping[str, Any]], turn: Turn) -> Verdict:
    """The best verdict that an alternative gives; a change that none has is a wrong act, whatever else is right."""
    changes = [call for call in turn.calls if call.changes]
    if changes and not any("calls" in one and _same(one["calls"], changes) for one in expected):
        return "wrong_act"
    found = next((verdict for one in expected if (verdict := _by(one, turn, changes or turn.calls))), None)
    if found or turn.asks:
        return found or "needless_question"
    return "misleading" if turn.answered else "dead_end"


def _by(expected: Mapping[str, Any], turn: Turn, calls: Sequence[Call]) -> Verdict | None:
    """The verdict by one alternative; None where it does not hold."""
    if "calls" in expected and _same(expected["calls"], calls):
        return "right_call"
    if "read" in expected and any(call.tool in expected["read"] for call in turn.calls):
        return "right_answer"
    if (expected.get("ask") or "writes" in expected) and turn.asks:
        return "right_question"
    return "right_answer" if "writes" in expected else None


def _same(wanted: Sequence[Mapping[str, Any]], calls: Sequence[Call]) -> bool:
    return len(wanted) == len(calls) and all(_fits(one, call) for one, call in zip(wanted, calls, strict=True))


def _fits(wanted: Mapping[str, Any], call: Call) -> bool:
    given = call.arguments
    return call.tool in wanted["tool"] and all(
        name in given and _alike(value, given[name]) for name, value in wanted.get("args", {}).items()
    )


def _alike(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, str) and isinstance(given, str):
        return wanted.casefold() == given.casefold()
    return wanted == given or (isinstance(wanted, list) and list(given) == wanted)
