"""Model factories: templates by which versions of a model are made, judged and rolled out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, model_validator

from edge.kernel.errors import Conflict, GateRefused, InvalidInput, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.factories import Factory
from memory.ledger.rollouts import Target
from memory.ledger.versions import Version
from tools.governance.evidence import Frozen
from tools.governance.evidence_store import EvidenceSource, Use
from tools.governance.gate import Gates, Judgement, reasons_of, record, refusal
from tools.governance.licence import compatibility
from tools.governance.verdict import Verdict
from tools.registry.versions import Digest, ServedBy, VersionContent, content_of, registering_tools
from tools.rollouts.plans import RolloutChoice
from tools.rollouts.store import read_target
from tools.rollouts.tools import RolloutView, start_rollout
from tools.spec import ToolContext, ToolSpec, View, tool

ShortName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class AdapterPolicy(Frozen):
    """Whether versions have an adapter. `licences` are those that it may be under; empty for any that is known."""

    use: Literal["none", "optional", "required"] = "optional"
    licences: Annotated[tuple[str, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> "AdapterPolicy":
        if self.use == "none" and self.licences:
            raise ValueError("licences of adapters are named, and adapters are not allowed")
        return self


class Size(Frozen):
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


class Autoscaling(Frozen):
    """Bounds of the number of replicas: desired state, for runtimes that can scale."""

    least: Annotated[int, Field(ge=0, le=1000)] = 1
    most: Annotated[int, Field(ge=1, le=1000)] = 1

    @model_validator(mode="after")
    def _rises(self) -> "Autoscaling":
        if self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        return self


class FactoryTemplate(Frozen):
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


def require_possible(unit: Unit, source: EvidenceSource, name: str, template: FactoryTemplate) -> None:
    """Nobody should make a factory none of whose versions could ever be deployed.

    Raises:
        Conflict: there is such a factory, or its model is retired.
        NotFound: no such model, or no such licence; names the nearest.
        GateRefused: the licence of the base forbids the use.
    """
    if unit.factories.find(name) is not None:
        raise Conflict(f"There is a factory {name!r} already.", "Choose another name.")
    model = unit.models.get(template.model)
    if model.retired_at is not None:
        raise Conflict(f"The model {model.name!r} is retired: {model.retired_reason}", "Name another.")
    known = {*source.catalogue.licences, *source.data_licences}
    for licence in template.adapter.licences:
        if licence not in known:
            raise NotFound(f"No licence {licence!r} is known.", nearest=nearest_names(licence, sorted(known)))
    base, use = source.part("base", template.base), template.use
    quantised = any(size.quantisation for size in template.sizes)
    answer = compatibility([base], use.purpose, use.region, users=use.users, quantised=quantised)
    if answer.verdict == "no":
        reasons = [reason.text for reason in answer.reasons if reason.value == "no"]
        raise GateRefused(
            f"The licence of {base.name} does not allow {use.gate}: {' '.join(reasons)}",
            "Choose another base or another use.",
            reasons,
        )


def size_of(factory: str, template: FactoryTemplate, name: str | None) -> Size:
    """The size of this name, or the only one.

    Raises:
        InvalidInput: there are several, and none is named.
        NotFound: there is no such size.
    """
    names = [size.name for size in template.sizes]
    if name is None and len(names) > 1:
        raise InvalidInput(f"{factory} has several sizes: {', '.join(names)}.", "Name one.")
    found = [size for size in template.sizes if name in {None, size.name}]
    if not found:
        raise NotFound(f"{factory} has no size {name!r}.", f"It has {', '.join(names)}.", names)
    return found[0]


def require_adapter(source: EvidenceSource, template: FactoryTemplate, adapter: str, licence: object) -> None:
    """Raises InvalidInput, GateRefused: the adapter, or its absence, is against the factory's policy."""
    policy = template.adapter
    if policy.use == "none" and adapter:
        raise InvalidInput("This factory takes no adapters.", "Leave it out, or use another factory.")
    if policy.use == "required" and not adapter:
        raise InvalidInput("This factory's versions have an adapter, and none is named.", "Name the adapter.")
    if adapter and policy.licences:
        found = source.part("adapter", adapter, str(licence or "")).licence_id or "an unknown licence"
        if found not in policy.licences:
            reason = f"{adapter} is under {found}; this factory takes adapters under {', '.join(policy.licences)}."
            raise GateRefused(reason, "Name the adapter's licence in the card, or use another.", [reason])


def require_same(version: Version, content: VersionContent) -> None:
    """Raises Conflict: the version was made of something else."""
    if content_of(version).digest != content.digest:
        raise Conflict(f"{version.id} has another content than the template gives.", "Choose a new label.")


def require_deployable(found: Judgement, size: Size, *, new: bool) -> list[str]:
    """What is missing of a version that is new, for it is kept, so that evidence can be about it; empty: it may go out.

    Raises:
        GateRefused: the verdict is "fail", the version is too large, or it is not new and evidence is missing.
    """
    missing = [] if found.result.verdict == "pass" else reasons_of(found.result)
    if found.result.verdict == "fail":
        raise refusal(found)
    measured = [one for one in found.evidence.evaluations if one.metric == "memory_mb"]
    if size.memory_mb is not None and not measured:
        missing.append(f"The size {size.name} allows {size.memory_mb:g} MB of memory, and memory_mb was not measured.")
    elif size.memory_mb is not None:
        newest = max(measured, key=lambda one: one.finished_at)
        if newest.value > size.memory_mb:
            reason = f"It needs {newest.value:g} MB of memory; the size {size.name} allows {size.memory_mb:g} MB."
            raise GateRefused(f"{found.result.subject} does not fit. {reason}", "Choose another size.", [reason])
    if missing and not new:
        if found.result.verdict != "pass":
            raise refusal(found)
        raise GateRefused(f"{found.result.subject} cannot be deployed yet. {missing[0]}", "Measure it.", missing)
    return missing


Name = Annotated[str, Field(min_length=1, max_length=200)]


class FactoryView(View):
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
        name: Annotated[ShortName, Field(description="a new name: lower-case letters, digits, . _ -")],
        model: Annotated[Name, Field(description="a registered model")],
        base: Annotated[
            Name,
            Field(
                description="the base weights, such as a model of the catalogue",
                json_schema_extra={"names": ["catalogue_model"]},
            ),
        ],
        reference: ServedBy,
        base_digest: Digest = "",
        adapter: AdapterPolicy | None = None,
        sizes: Annotated[tuple[Size, ...], Field(max_length=20, description="in which it is made")] = (),
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
        return FactoryView.of(factory)

    def deploy_model_via_factory(  # noqa: PLR0913, PLR0917 - what a version and its place consist of
        self,
        context: ToolContext,
        factory: Annotated[Name, Field(description="name of a factory")],
        target: Annotated[
            Name,
            Field(
                description="serving target; a new one is made",
                json_schema_extra={"names": ["target"], "new": {}},
            ),
        ],
        label: Annotated[ShortName, Field(description="of the version: a new one, or one that the factory made")],
        size: Annotated[str | None, Field(max_length=64, description="one of the factory's sizes")] = None,
        adapter: Annotated[str, Field(max_length=500, description="the adapter of this version")] = "",
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
    return FactoryList(factories=[FactoryView.of(factory) for factory in context.unit.factories.all()])


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
