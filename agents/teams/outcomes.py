"""Outcomes of the tool calls of a turn: result, waiting for an approval, refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from agents.events import Ending
from agents.understanding.interpretation import PlannedCall
from edge.kernel.errors import CallerError, GateRefused, InvalidInput, NotAllowed, NotFound
from tools.factories import Deployment
from tools.governance.gate import GateView
from tools.pipelines.tools import RunView

_WORST_FIRST: tuple[Ending, ...] = ("failed", "refused", "gate_refused", "waiting_for_approval", "asked", "done")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that is done once somebody else has agreed."""

    call: PlannedCall
    approval: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that was not done, and why; the reasons are a gate's. `reads` where nothing was to be changed."""

    call: PlannedCall
    error: CallerError
    reads: bool = False


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
        outcomes: the calls that were made, with what came of each.
        pending: calls that wait for an approval, and those behind them.
        proposed: calls that the team's crew proposes; a "yes" makes them.
        ending: how the turn ended, by the worst of its calls.
    """

    text: str
    outcomes: tuple[tuple[PlannedCall, Outcome], ...] = ()
    pending: tuple[Pending, ...] = ()
    proposed: tuple[PlannedCall, ...] = ()
    ending: Ending = "done"

    @property
    def approvals(self) -> list[str]:
        """Ids of the approvals that the turn waits for."""
        return [one.approval for one in self.pending if one.approval]


def ending_of(outcomes: Sequence[Outcome]) -> Ending:
    """How a turn with these outcomes ended: as its worst."""
    endings: list[Ending] = [_ending(outcome) for outcome in outcomes]
    return min(endings, key=_WORST_FIRST.index) if endings else "done"


def _ending(outcome: Outcome) -> Ending:
    match outcome:
        case Waiting():
            return "waiting_for_approval"
        case Refused(error=error):
            return _refusal(error)
        case GateView():
            return "done" if outcome.verdict == "pass" else "gate_refused"
        case Deployment():
            return "gate_refused" if outcome.state == "needs_evidence" else "done"
        case RunView():
            return _run_ending(outcome.run.state)
        case _:
            return "done"


def _refusal(error: CallerError) -> Ending:
    if isinstance(error, GateRefused):
        return "gate_refused"
    return "refused" if isinstance(error, InvalidInput | NotFound | NotAllowed) else "failed"


def _run_ending(state: str) -> Ending:
    match state:
        case "waiting_for_approval":
            return "waiting_for_approval"
        case "refused" | "waiting_for_evidence":
            return "gate_refused"
        case "failed":
            return "failed"
        case _:
            return "done"
