"""What a turn leaves in its thread's frame: what it did, what its calls and their results name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from agents.teams.outcomes import Outcome, Refused, Waiting
from agents.understanding.arguments import slots_of
from agents.understanding.entities import Kind, KnownEntities
from agents.understanding.frame import Ended, PastCall
from agents.understanding.interpretation import PlannedCall
from agents.understanding.undo import before_of
from tools.spec import ToolSpec

_MOST_OBJECTS = 40
_RESULT_NAMES = ("id", "rollout", "approval", "delegation", "run", "question", "name", "key")
_LONGEST = 100


def past_calls(
    made: Sequence[tuple[PlannedCall, Outcome]], known: KnownEntities, tools: Mapping[str, ToolSpec]
) -> tuple[PastCall, ...]:
    """The calls of a turn with how they ended."""
    return tuple(_past(call, outcome, known, tools[call.tool]) for call, outcome in made)


def objects_of(
    made: Sequence[tuple[PlannedCall, Outcome]], known: KnownEntities, tools: Mapping[str, ToolSpec]
) -> tuple[tuple[Kind, str], ...]:
    """Kind and name of what the calls were about: of their arguments first, then of their results, in order."""
    found: dict[tuple[Kind, str], None] = {}
    for call, _ in made:
        found |= dict.fromkeys(named_in_arguments(call, known, tools[call.tool]))
    for _, outcome in made:
        if isinstance(outcome, BaseModel):
            found |= dict.fromkeys(_named_in_result(outcome.model_dump(mode="json"), known))
        elif isinstance(outcome, Waiting):
            found[("approval", outcome.approval)] = None
    return tuple(found)[:_MOST_OBJECTS]


def named_in_arguments(call: PlannedCall, known: KnownEntities, spec: ToolSpec) -> Iterator[tuple[Kind, str]]:
    """What the arguments of a call name; a target that is in a rollout names that, too."""
    for path, slot in slots_of(spec).items():
        value = call.arguments.get(path)
        if not slot.kinds or not isinstance(value, str):
            continue
        kinds: list[Kind] = [one.kind for one in known.by_name.get(value, ()) if one.kind in slot.kinds] or [
            slot.kinds[0]
        ]
        if "target" in kinds:
            for one in known.open_rollouts(value):
                yield "rollout", one.id
        for kind in kinds:
            yield kind, value


def _past(call: PlannedCall, outcome: Outcome, known: KnownEntities, spec: ToolSpec) -> PastCall:
    ended: Ended = "waiting" if isinstance(outcome, Waiting) else "refused" if isinstance(outcome, Refused) else "done"
    result: dict[str, str] = {}
    if isinstance(outcome, BaseModel):
        names = ("id",) if spec.shown_once else _RESULT_NAMES
        values = {name: getattr(outcome, name, None) for name in names}
        result = {name: value for name, value in values.items() if isinstance(value, str) and len(value) <= _LONGEST}
    return PastCall(
        call.tool,
        dict(call.arguments),
        ended,
        changes=spec.effect != "read",
        approval=outcome.approval if isinstance(outcome, Waiting) else "",
        before=before_of(call.arguments, known),
        result=result,
    )


def _named_in_result(value: Any, known: KnownEntities, key: str = "") -> Iterator[tuple[Kind, str]]:
    """Names of the ledger in a result, in order; an id that is new is of the kind that its beginning says."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _named_in_result(inner, known, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_in_result(inner, known, key)
    elif isinstance(value, str) and value and len(value) <= _LONGEST:
        entities = known.by_name.get(value)
        if entities:
            for one in entities:
                if one.kind in {key, *_KINDS_OF_KEYS.get(key, (one.kind,))}:
                    yield one.kind, value
        elif key in {"id", "rollout", "approval", "delegation"} and (kind := _KINDS_OF_IDS.get(value[:3])):
            yield kind, value


_KINDS_OF_IDS: Mapping[str, Kind] = {"ro-": "rollout", "ap-": "approval", "dl-": "delegation"}
_KINDS_OF_KEYS: Mapping[str, tuple[str, ...]] = {
    "group": ("group",),
    "target": ("target",),
    "device": ("device",),
    "state": (),
    "stage": (),
}
