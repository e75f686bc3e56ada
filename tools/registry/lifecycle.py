"""The lifecycle of versions: stages, aliases, retirement; with approvals and reasons where it matters."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from edge.kernel.errors import Conflict, InvalidInput, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.versions import STAGES, Model, Version
from tools.calling.approval import ApprovalRule
from tools.registry.versions import (
    ModelName,
    ModelView,
    NewName,
    VersionName,
    VersionView,
    find_version,
    model_view,
    version_view,
)
from tools.spec import ToolContext, ToolSpec, View, tool

Gatekeeper = Callable[[ToolContext, Version], int | None]
"""How many others have to agree; None is one.

Raises GateRefused: what is known of the version does not allow it in production.
"""

Reason = Annotated[str, Field(min_length=3, max_length=2000, description="why, for the record")]


class AliasView(View):
    """An alias, and what it named before. `changed`: False where it named that version already."""

    name: str
    version: str
    previous: str | None
    changed: bool = True


def lifecycle_tools(gatekeeper: Gatekeeper) -> list[ToolSpec]:
    """The operations that stage, name and retire versions.

    Args:
        gatekeeper: asked before a version goes to production or becomes champion.
    """

    def set_stage(context: ToolContext, version: VersionName, stage: NewName) -> VersionView:
        """Move a version to a stage: candidate, staging, production, or one of the tenant's own."""
        unit = context.unit
        found = _usable_version(unit, version)
        _require_stage(unit, stage)
        if found.stage == stage:
            return version_view(unit, found)
        if stage == "production":
            gatekeeper(context, found)
        return version_view(unit, unit.versions.save(replace(found, stage=stage)))

    def set_alias(context: ToolContext, alias: NewName, version: VersionName) -> AliasView:
        """Let an alias such as champion or challenger name a version from now on."""
        found = _usable_version(context.unit, version)
        if _names_already(context, alias, version):
            former = context.unit.aliases.get(alias)
            return AliasView.of(former, changed=False)
        if alias == "champion":
            gatekeeper(context, found)
        pointed = context.unit.aliases.point(alias, found.id, context.principal, context.now)
        return AliasView.of(pointed, changed=True)

    def staged(context: ToolContext, version: str, stage: str) -> dict[str, Any]:
        found = find_version(context.unit, version)
        needed = gatekeeper(context, found) or 1  # nobody is asked to approve what the gate refuses
        return {"version": found.id, "digest": found.digest, "from": found.stage, "to": stage, **_several(needed)}

    def pointed(context: ToolContext, alias: str, version: str) -> dict[str, Any]:
        found, former = find_version(context.unit, version), context.unit.aliases.find(alias)
        plan = {"alias": alias, "from": former.version if former else None, "to": found.id, "digest": found.digest}
        return {**plan, **_several(gatekeeper(context, found) or 1)}

    writes = {"roster:write"}
    production = ApprovalRule(when={"stage": ("production",)}, plan=staged, done=_is_in_stage)
    champion = ApprovalRule(when={"alias": ("champion",)}, plan=pointed, done=_names_already)
    unnamed = ApprovalRule(when={"alias": ("champion",)}, plan=_removed)
    return [
        tool(set_stage, scopes=writes, effect="write", approval=production, idempotent=True),
        tool(set_alias, scopes=writes, effect="write", approval=champion, idempotent=True),
        tool(remove_alias, scopes=writes, effect="write", approval=unnamed),
        tool(retire_version, scopes=writes, effect="destructive", approval=ApprovalRule(plan=_retired_version)),
        tool(retire_model, scopes=writes, effect="destructive", approval=ApprovalRule(plan=_retired_model)),
    ]


def remove_alias(context: ToolContext, alias: NewName) -> AliasView:
    """Remove an alias; the version that it named stays."""
    former = context.unit.aliases.get(alias)
    context.unit.aliases.delete(alias)
    return AliasView.of(former, changed=True)


def retire_version(context: ToolContext, version: VersionName, reason: Reason) -> VersionView:
    """Retire a version for good, with the reason; it must not be named by an alias or served any more."""
    unit = context.unit
    found = _retirable_version(unit, version)
    return version_view(unit, unit.versions.save(replace(found, stage="retired", retired_reason=reason)))


def retire_model(context: ToolContext, model: ModelName, reason: Reason) -> ModelView:
    """Retire a model with all its versions, with the reason; none may be named by an alias or served any more."""
    unit = context.unit
    found, versions = _retirable_model(unit, model)
    for version in versions:
        unit.versions.save(replace(version, stage="retired", retired_reason=reason))
    retired = replace(found, retired_at=context.now, retired_reason=reason)
    unit.models.save(retired)
    return model_view(unit, retired)


def _several(approvers: int) -> dict[str, int]:
    return {"approvers": approvers} if approvers > 1 else {}


def _is_in_stage(context: ToolContext, version: str, stage: str) -> bool:
    return find_version(context.unit, version).stage == stage


def _names_already(context: ToolContext, alias: str, version: str) -> bool:
    former = context.unit.aliases.find(alias)
    return former is not None and former.version == find_version(context.unit, version).id


def _removed(context: ToolContext, alias: str) -> dict[str, Any]:
    return {"alias": alias, "from": context.unit.aliases.get(alias).version, "to": None}


def _retired_version(context: ToolContext, version: str, reason: str) -> dict[str, Any]:
    found = _retirable_version(context.unit, version)  # nobody is asked to approve what cannot be done
    return {"version": found.id, "digest": found.digest, "from": found.stage, "to": "retired"}


def _retired_model(context: ToolContext, model: str, reason: str) -> dict[str, Any]:
    found, versions = _retirable_model(context.unit, model)
    return {"model": found.name, "versions": [version.id for version in versions]}


def _usable_version(unit: Unit, name: str) -> Version:
    """Raises Conflict: it is retired."""
    found = find_version(unit, name)
    if found.stage == "retired":
        raise Conflict(f"{found.id} is retired: {found.retired_reason}", "Name a version that is not, or register one.")
    return found


def _retirable_version(unit: Unit, name: str) -> Version:
    """Raises Conflict: it is retired already, or in use."""
    found = find_version(unit, name)
    if found.stage == "retired":
        raise Conflict(f"{found.id} is retired already: {found.retired_reason}", "Nothing is left to do.")
    _require_unused(unit, found)
    return found


def _retirable_model(unit: Unit, name: str) -> tuple[Model, list[Version]]:
    """The model, and its versions that are not retired. Raises Conflict: as `_retirable_version`, of any of them."""
    found = unit.models.get(name)
    if found.retired_at is not None:
        raise Conflict(f"The model {found.name!r} is retired already: {found.retired_reason}", "Nothing is left to do.")
    versions = [version for version in unit.versions.all(model=found.name) if version.stage != "retired"]
    for version in versions:
        _require_unused(unit, version)
    return found, versions


def _require_stage(unit: Unit, stage: str) -> None:
    """A stage of one's own is welcome; one that looks like a known one misspelt is not."""
    if stage == "retired":
        raise InvalidInput("A version is retired with a reason.", "Call retire_version.")
    known = {*STAGES, *(version.stage for version in unit.versions.all())}
    if stage not in known and (nearest := nearest_names(stage, known - {"retired"}, limit=1, least=80)):
        raise NotFound(f"There is no stage {stage!r}.", nearest=nearest)


def _require_unused(unit: Unit, version: Version) -> None:
    if names := [alias.name for alias in unit.aliases.all(version=version.id)]:
        raise Conflict(f"{version.id} is still named by {', '.join(names)}.", "Let them name another version first.")
    if serving := [target.name for target in unit.targets.all() if _mentions(target.traffic, version.id)]:
        raise Conflict(f"{version.id} is still served at {', '.join(serving)}.", "Move the traffic away first.")
    if moving := [one.id for one in unit.rollouts.open() if _mentions(one.progress, version.id)]:
        raise Conflict(f"{version.id} is in rollout {', '.join(moving)}.", "Wait until it is over, or abort it.")


def _mentions(value: Any, name: str) -> bool:
    """Whether a version's id is anywhere in a target's traffic or a rollout, however that is shaped."""
    if isinstance(value, dict):
        return any(key == name or _mentions(part, name) for key, part in value.items())
    if isinstance(value, list):
        return any(_mentions(part, name) for part in value)
    return value == name
