"""The thread's frame: what its last turn did, spoke of, asked and proposed.

An object is implicit only if it is here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.understanding.entities import Kind
from agents.understanding.interpretation import PlannedCall, Question

Ended = Literal["done", "waiting", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call of the last turn, and how it ended.

    Attributes:
        approval: that it waits for.
        before: what the call changed, as it was before; see `agents.understanding.undo`.
        result: names in its result, such as the id of the rollout that it started.
    """

    tool: str
    arguments: Mapping[str, Any]
    ended: Ended
    changes: bool = False
    approval: str = ""
    before: Mapping[str, Any] = field(default_factory=dict[str, Any])
    result: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Frame:
    """What this thread's last turn left.

    Attributes:
        objects: kind and name of what it was about, the most salient first.
        calls: what it did, in order.
        asked: what it asked and nobody has answered.
        proposed: calls that a "yes" makes.
        topic: what it looked for in the documents; empty for nothing.
    """

    objects: tuple[tuple[Kind, str], ...] = ()
    calls: tuple[PastCall, ...] = ()
    asked: Question | None = None
    proposed: tuple[PlannedCall, ...] = ()
    topic: str = ""

    def names(self, kinds: Sequence[Kind]) -> list[str]:
        """What of these kinds it was about; of the first kind that there is."""
        for kind in kinds:
            if found := [name for own, name in self.objects if own == kind]:
                return list(dict.fromkeys(found))
        return []
