"""What came of a turn: results, calls that wait for somebody's approval, calls that were refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from agents.planner.calls import PlannedCall
from memory.errors import CallerError

__all__ = ["Outcome", "Pending", "Refused", "TeamFinding", "Waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that is done once somebody else has agreed."""

    call: PlannedCall
    approval: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that was not done, and why; the reasons are a gate's."""

    call: PlannedCall
    error: CallerError


Outcome = BaseModel | Waiting | Refused


@dataclass(frozen=True, slots=True)
class Pending:
    """A call that a later turn may make, of whoever asked for it.

    Attributes:
        approval: that it waits for; empty where the user was asked to confirm it.
    """

    tool: str
    arguments: Mapping[str, Any]
    principal: str
    approval: str = ""


@dataclass(frozen=True, slots=True)
class TeamFinding:
    """What a team found.

    Attributes:
        text: Markdown in the user's language; every figure in it comes from a tool's result.
        models: catalogue ids that the turn was about, for the turn after.
        asked: the text is a question back.
        pending: calls that the turn left undone, which a later one may make.
        dropped: sentences of the crew that the evidence does not carry.
    """

    text: str
    models: tuple[str, ...]
    asked: bool
    pending: tuple[Pending, ...] = ()
    dropped: int = 0

    @property
    def approvals(self) -> list[str]:
        """Ids of the approvals that the turn waits for."""
        return [one.approval for one in self.pending if one.approval]
