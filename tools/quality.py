"""Quality of what versions answer in service: scores of somebody or something that judged answers, for rollouts."""

from typing import Annotated

from pydantic import BaseModel, Field

from edge.kernel.errors import Conflict, NotFound
from tools.registry.versions import find_version
from tools.rollouts.ledger_store import read_target
from tools.rollouts.measurements import add_scores
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["RecordedScores", "quality_tools"]

Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class RecordedScores(BaseModel):
    """What was written down: how many scores of which version on which target, and their mean."""

    target: str
    version: str
    scores: int
    mean: float


def score_record(
    context: ToolContext,
    target: Annotated[str, Field(min_length=1, max_length=200, description="serving target")],
    version: Annotated[str, Field(min_length=1, max_length=200, description="that answered: model@label, or an alias")],
    scores: Annotated[list[Score], Field(min_length=1, max_length=1000, description="of an answer each, 0 to 1")],
) -> RecordedScores:
    """Record how good answers were that a version gave on a target now; rollouts with a score_drop limit look at it."""
    found = find_version(context.unit, version)
    state, _ = read_target(context.unit, target)
    if context.unit.targets.find(target) is None:
        raise NotFound(f"There is no target {target!r}.", nearest=[one.name for one in context.unit.targets.all()][:5])
    arms = [arm for arm in (*state.arms, state.shadow) if arm is not None and arm.version == found.id]
    if len(arms) != 1:
        why = "does not serve" if not arms else "serves in several configurations"
        raise Conflict(f"{found.id} {why} on {target} now.", "Name a version that rollout_status shows.")
    add_scores(context.unit, target, arms[0].key, context.now, scores)
    return RecordedScores(target=target, version=found.id, scores=len(scores), mean=sum(scores) / len(scores))


def quality_tools() -> list[ToolSpec]:
    """The operations on the quality of answers in service."""
    return [tool(score_record, scopes={"evaluations:write"}, effect="write")]
