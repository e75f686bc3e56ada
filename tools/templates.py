"""What factories and pipelines are written in: sizes, adapter policy, autoscaling, how a version is rolled out."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tools.governance.evidence_store import Use
from tools.registry.versions import Digest, ServedBy
from tools.rollouts.strategies import strategy_of

__all__ = ["AdapterPolicy", "Autoscaling", "FactoryTemplate", "RolloutChoice", "Size"]

ShortName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AdapterPolicy(_Frozen):
    """Whether versions have an adapter. `licences` are those that it may be under; empty for any that is known."""

    use: Literal["none", "optional", "required"] = "optional"
    licences: Annotated[tuple[str, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> "AdapterPolicy":
        if self.use == "none" and self.licences:
            raise ValueError("licences of adapters are named, and adapters are not allowed")
        return self


class Size(_Frozen):
    """One size in which a model is deployed.

    Attributes:
        quantisation: such as Q4_1; empty for the base's own.
        memory_mb: most that it may need; its measurement (`memory_mb`) must then be among the evidence.
        reference, base_digest: of the weights of this size, where they are not the template's.
    """

    name: ShortName
    quantisation: Annotated[str, Field(max_length=32)] = ""
    memory_mb: Annotated[float | None, Field(gt=0, le=10_000_000)] = None
    reference: ServedBy | None = None
    base_digest: Digest = ""


class Autoscaling(_Frozen):
    """Bounds of the number of replicas: desired state, for runtimes that can scale."""

    least: Annotated[int, Field(ge=0, le=1000)] = 1
    most: Annotated[int, Field(ge=1, le=1000)] = 1

    @model_validator(mode="after")
    def _rises(self) -> "Autoscaling":
        if self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        return self


class RolloutChoice(_Frozen):
    """How a target is moved to a version. What is left out has the strategy's default.

    Raises:
        InvalidInput: the strategy does not take what is given.
    """

    kind: Literal["canary", "blue_green", "rolling", "recreate", "shadow"] = "canary"
    percentages: tuple[int, ...] | None = None
    hold_s: float | None = None
    limit_s: float | None = None
    minimum_samples: int | None = None

    @model_validator(mode="after")
    def _possible(self) -> "RolloutChoice":
        strategy_of(
            self.kind,
            self.percentages,
            hold_s=self.hold_s,
            limit_s=self.limit_s,
            minimum_samples=self.minimum_samples,
        )
        return self


class FactoryTemplate(_Frozen):
    """By what a factory makes and deploys the versions of one model.

    Attributes:
        model: a registered one.
        base: the base weights, a model of the catalogue or one whose licence the roster knows.
        use: what the versions are for; the gate judges them by it.
    """

    model: str
    base: Annotated[str, Field(min_length=1, max_length=500)]
    base_digest: Digest = ""
    reference: ServedBy
    adapter: AdapterPolicy = AdapterPolicy()
    sizes: Annotated[tuple[Size, ...], Field(min_length=1, max_length=20)]
    autoscaling: Autoscaling = Autoscaling()
    strategy: RolloutChoice = RolloutChoice()
    use: Use = Use()

    @model_validator(mode="after")
    def _named_once(self) -> "FactoryTemplate":
        names = [size.name for size in self.sizes]
        if len(set(names)) < len(names):
            raise ValueError(f"a size stands twice: {', '.join(names)}")
        if self.use.stage not in {None, "production"}:
            raise ValueError(f"a factory deploys to production, not to {self.use.stage}")
        return self
