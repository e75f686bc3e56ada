"""Model factories: a template by which versions are made, judged and rolled out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from edge.kernel.errors import Conflict, InvalidInput
from memory.ledger.factories import Factory
from memory.ledger.rollouts import Target
from tools.factories.templates import (
    AdapterPolicy,
    Autoscaling,
    FactoryTemplate,
    ShortName,
    Size,
    require_adapter,
    require_deployable,
    require_possible,
    require_same,
    size_of,
)
from tools.governance.evidence_store import Use
from tools.governance.gate import Gates, record
from tools.governance.verdict import Verdict
from tools.registry.versions import Digest, ServedBy, VersionContent, registering_tools
from tools.rollouts.plans import RolloutChoice
from tools.rollouts.store import read_target
from tools.rollouts.tools import RolloutView, start_rollout
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["Deployment", "FactoryList", "FactoryView", "FactoryWork", "factory_tools"]

Name = Annotated[str, Field(min_length=1, max_length=200)]


class FactoryView(BaseModel):
    """A factory as it is kept."""

    name: str
    template: FactoryTemplate
    updated_at: AwareDatetime
    updated_by: str
    revision: int


class FactoryList(BaseModel):
    """The tenant's factories by name."""

    factories: list[FactoryView]


class Deployment(BaseModel):
    """What a factory did.

    Attributes:
        state: "rolling_out", or "needs_evidence": the version was made and is a candidate, nothing is served.
        reasons: what evidence is missing.
    """

    factory: str
    version: str
    version_digest: str
    target: str
    state: Literal["rolling_out", "needs_evidence"]
    verdict: Verdict
    reasons: list[str]
    gate_result: str
    rollout: RolloutView | None


@dataclass(frozen=True, slots=True)
class FactoryWork:
    """Makes factories, and deploys by them.

    Attributes:
        register: the function of the tool `register_version`.
    """

    gates: Gates
    register: Callable[..., Any]

    def create_model_factory(  # noqa: PLR0913, PLR0917 - what a template consists of
        self,
        context: ToolContext,
        name: ShortName,
        model: Annotated[Name, Field(description="a registered model")],
        base: Annotated[Name, Field(description="the base weights, such as a model of the catalogue")],
        reference: ServedBy,
        base_digest: Digest = "",
        adapter: AdapterPolicy | None = None,
        sizes: Annotated[tuple[Size, ...], Field(max_length=20)] = (),
        autoscaling: Autoscaling | None = None,
        strategy: RolloutChoice | None = None,
        use: Use | None = None,
    ) -> FactoryView:
        """Create a template by which versions of a model are made, judged and rolled out, always in the same way."""
        template = _template(
            model=model,
            base=base,
            base_digest=base_digest,
            reference=reference,
            adapter=adapter or AdapterPolicy(),
            sizes=sizes or (Size(name="standard"),),
            autoscaling=autoscaling or Autoscaling(),
            strategy=strategy or RolloutChoice(),
            use=use or self.gates.use,
        )
        require_possible(context.unit, self.gates.source, name, template)
        factory = Factory(name, template.model_dump(mode="json"), context.now, context.principal)
        context.unit.factories.add(factory)
        return _view(factory)

    def deploy_model_via_factory(  # noqa: PLR0913, PLR0917 - what a version and its place consist of
        self,
        context: ToolContext,
        factory: Name,
        target: Annotated[Name, Field(description="serving target; a new one is made")],
        label: Annotated[ShortName, Field(description="of the version: a new one, or one that the factory made")],
        size: Annotated[str | None, Field(max_length=64, description="one of the factory's sizes")] = None,
        adapter: Annotated[str, Field(max_length=500)] = "",
        adapter_digest: Digest = "",
        datasets: Annotated[list[dict[str, Any]] | None, Field(description="trained on: name, digest, licence")] = None,
        card: Annotated[dict[str, Any] | None, Field(description="model card; adapter_licence")] = None,
        configuration: Annotated[dict[str, Any] | None, Field(description="system prompt, default options")] = None,
    ) -> Deployment:
        """Make a version by a factory's template, check the gate, and start the rollout by the factory's strategy."""
        unit = context.unit
        template = FactoryTemplate.model_validate(unit.factories.get(factory).template)
        chosen = size_of(factory, template, size)
        require_adapter(self.gates.source, template, adapter, (card or {}).get("adapter_licence"))
        content = VersionContent(
            base=template.base,
            base_digest=chosen.base_digest or template.base_digest,
            adapter=adapter,
            adapter_digest=adapter_digest,
            quantisation=chosen.quantisation,
        )
        new = unit.versions.find(f"{template.model}@{label}") is None
        if new:
            reference = chosen.reference or template.reference
            self.register(context, template.model, label, reference, content, datasets=datasets, card=card)
        version = unit.versions.get(f"{template.model}@{label}")
        require_same(version, content)
        use = template.use.model_copy(update={"stage": "production"})
        found = self.gates.judge(unit, version, use, context.principal, context.now)
        missing = require_deployable(found, chosen, new=new)
        kept = record(unit, found)
        rollout = None
        if not missing:
            _claim(context, self.gates, target, factory, template)
            choice = template.strategy if read_target(unit, target)[0].arms else RolloutChoice(kind="recreate")
            rollout = start_rollout(context, target, version.id, choice.strategy, configuration)
        return Deployment(
            factory=factory,
            version=version.id,
            version_digest=version.digest,
            target=target,
            state="rolling_out" if rollout is not None else "needs_evidence",
            verdict=found.result.verdict,
            reasons=missing,
            gate_result=kept.id,
            rollout=rollout,
        )


def factory_tools(gates: Gates) -> list[ToolSpec]:
    """The operations on factories."""
    register = {spec.name: spec.run for spec in registering_tools(gates.source.catalogue)}["register_version"]
    work = FactoryWork(gates, register)
    deploys = {"factories:write", "roster:write", "rollouts:write"}
    return [
        tool(work.create_model_factory, scopes={"factories:write"}, effect="write"),
        tool(work.deploy_model_via_factory, scopes=deploys, effect="write"),
        tool(factories_list, scopes={"factories:read"}, ledger=True),
    ]


def factories_list(context: ToolContext) -> FactoryList:
    """List the model factories with their templates."""
    return FactoryList(factories=[_view(factory) for factory in context.unit.factories.all()])


def _template(**given: Any) -> FactoryTemplate:
    try:
        return FactoryTemplate(**given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "template"
        said = first["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"This is no template: {where}: {said}.", "Correct the arguments.") from error


def _claim(context: ToolContext, gates: Gates, name: str, factory: str, template: FactoryTemplate) -> None:
    """The target as the factory wants it; one that is there keeps what it is used for."""
    known = context.unit.targets.find(name)
    wanted = {"factory": factory, "autoscaling": template.autoscaling.model_dump()}
    if known is None:
        use = template.use.model_copy(update={"stage": None}).model_dump(mode="json")
        context.unit.targets.save(
            Target(name, "serving", {"arms": [], "shadow": None}, context.now, {**wanted, "use": use})
        )
        return
    uses = [one.model_copy(update={"stage": None}) for one in (gates.of_target(known.configuration), template.use)]
    if uses[0] != uses[1]:
        raise Conflict(
            f"{name} is used for {uses[0].gate}, and the factory {factory} deploys for {uses[1].gate}.",
            "Name another target, or use another factory.",
        )
    configuration = {**known.configuration, **wanted}
    context.unit.targets.save(replace(known, configuration=configuration, updated_at=context.now))


def _view(factory: Factory) -> FactoryView:
    return FactoryView(
        name=factory.name,
        template=FactoryTemplate.model_validate(factory.template),
        updated_at=factory.updated_at,
        updated_by=factory.updated_by,
        revision=factory.revision,
    )
