"""What a deployment pipeline is written in, and what is remembered of each run through it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from tools.governance.evidence_store import Use
from tools.templates import RolloutChoice, ShortName

__all__ = ["OVER", "PipelineStage", "Run", "RunEvent", "RunState"]

RunState = Literal[
    "running",
    "waiting_for_evidence",
    "waiting_for_approval",
    "waiting_for_target",
    "rolling_out",
    "done",
    "refused",
    "failed",
    "cancelled",
]
OVER: frozenset[RunState] = frozenset({"done", "refused", "failed", "cancelled"})


class PipelineStage(BaseModel):
    """One stage: its gate must pass, then it is approved or rolled out, then the version is in it.

    Attributes:
        name: the stage of the roster that the version enters.
        gate: what the version must be good for; None for no gate.
        approval: somebody else has to agree first. A rollout always waits for its own approval.
        alias: names the version once it is in the stage.
        target: is moved to the version, by `strategy`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ShortName
    gate: Use | None = None
    approval: bool = False
    alias: ShortName | None = None
    target: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    strategy: RolloutChoice | None = None

    @model_validator(mode="after")
    def _agrees(self) -> "PipelineStage":
        serious = self.name == "production" or self.alias == "champion"
        if self.name == "retired":
            raise ValueError("a version is retired with a reason, not by a pipeline")
        if self.strategy is not None and self.target is None:
            raise ValueError(f"{self.name} has a strategy and no target")
        if (serious or self.target) and self.gate is None:
            raise ValueError(f"{self.name} needs a gate: production, champion and targets take no version without one")
        if serious and not self.approval and self.target is None:
            raise ValueError(f"{self.name} needs an approval: production and champion take four eyes")
        if serious and self.gate is not None and self.gate.purpose == "research":
            raise ValueError(f"{self.name} is not for research: judge it for what it will be used for")
        if self.gate is not None and self.gate.stage not in {None, self.name}:
            raise ValueError(f"the gate of {self.name} is for the stage {self.gate.stage}")
        return self

    @property
    def use(self) -> Use | None:
        """What the gate judges for."""
        return None if self.gate is None else self.gate.model_copy(update={"stage": self.name})


class RunEvent(BaseModel):
    """One thing that happened in a run."""

    at: AwareDatetime
    stage: str
    text: str


class Run(BaseModel):
    """One version on its way through a pipeline.

    Attributes:
        digest: of the version's content.
        position: index of the stage that is next; the number of stages when it is done.
        reasons: why it is where it is.
        gate_result, approval, rollout: ids, of the stage that is next.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    version: str
    digest: str
    requested_by: str
    started_at: AwareDatetime
    updated_at: AwareDatetime
    state: RunState = "running"
    position: int = 0
    reasons: tuple[str, ...] = ()
    gate_result: str | None = None
    approval: str | None = None
    rollout: str | None = None
    events: tuple[RunEvent, ...] = ()
