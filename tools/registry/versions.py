"""What the roster knows: models, versions, where they come from, how they differ, their cards."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from memory.errors import NotFound
from memory.ledger import Unit
from memory.ledger.models import Model
from memory.ledger.versions import Version
from memory.nearest import nearest_names
from tools.spec import ToolContext, ToolSpec, tool

__all__ = [
    "Comparison",
    "Lineage",
    "ModelList",
    "ModelView",
    "VersionCard",
    "VersionName",
    "VersionView",
    "find_version",
    "lineage_tools",
    "model_view",
    "version_view",
]

VersionName = Annotated[str, Field(min_length=1, max_length=200, description="model@label, or an alias")]
_COMPARED = ("model", "base", "base_digest", "adapter", "adapter_digest", "quantisation", "licence", "stage", "parent")


class VersionView(BaseModel):
    """One version, as it stands now."""

    id: str
    model: str
    reference: str
    base: str
    base_digest: str
    adapter: str
    adapter_digest: str
    quantisation: str
    digest: str
    stage: str
    aliases: list[str]
    parent: str | None
    licence: str
    created_at: AwareDatetime
    created_by: str
    retired_reason: str


class ModelView(BaseModel):
    """One registered model with its versions, oldest first."""

    name: str
    catalogue_id: str | None
    description: str
    retired_reason: str
    versions: list[VersionView]


class ModelList(BaseModel):
    """The tenant's registered models."""

    models: list[ModelView]


class Lineage(BaseModel):
    """Where a version comes from, the version itself first, and what was made from it."""

    ancestors: list[VersionView]
    descendants: list[str]
    datasets: list[dict[str, Any]]


class Comparison(BaseModel):
    """Two versions side by side.

    Attributes:
        differences: field -> the two values.
        metrics: task -> metric -> the two values, None where one was not measured.
    """

    first: VersionView
    second: VersionView
    differences: dict[str, tuple[str, str]]
    metrics: dict[str, dict[str, tuple[float | None, float | None]]]


class VersionCard(BaseModel):
    """The model card of a version: what was written, and what the ledger knows."""

    version: VersionView
    fields: dict[str, Any]
    datasets: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]


def find_version(unit: Unit, name: str) -> Version:
    """The version of this id, or that this alias names.

    Raises:
        NotFound: neither is there; names the nearest of both.
    """
    found = unit.versions.find(name)
    if found is not None:
        return found
    alias = unit.aliases.find(name)
    if alias is not None:
        return unit.versions.get(alias.version)
    known = [*(version.id for version in unit.versions.all()), *(alias.name for alias in unit.aliases.all())]
    raise NotFound(f"There is no version or alias {name!r}.", nearest=nearest_names(name, known))


def version_view(unit: Unit, version: Version) -> VersionView:
    """The version with the aliases that name it."""
    values = {name: getattr(version, name) for name in VersionView.model_fields if name != "aliases"}
    return VersionView(**values, aliases=[alias.name for alias in unit.aliases.all(version=version.id)])


def model_view(unit: Unit, model: Model) -> ModelView:
    """The model with its versions."""
    return ModelView(
        name=model.name,
        catalogue_id=model.catalogue_id,
        description=model.description,
        retired_reason=model.retired_reason,
        versions=[version_view(unit, version) for version in unit.versions.all(model=model.name)],
    )


def models_list(context: ToolContext) -> ModelList:
    """List the tenant's registered models with their versions, stages and aliases."""
    return ModelList(models=[model_view(context.unit, model) for model in context.unit.models.all()])


def version_show(context: ToolContext, version: VersionName) -> VersionView:
    """Show one version: base, adapter, quantisation, digests, stage and aliases."""
    return version_view(context.unit, find_version(context.unit, version))


def version_lineage(context: ToolContext, version: VersionName) -> Lineage:
    """Show where a version comes from, what it was trained on and what was made from it."""
    unit = context.unit
    found = find_version(unit, version)
    ancestors = [found]
    while ancestors[-1].parent is not None:  # parents are older, and never change
        ancestors.append(unit.versions.get(ancestors[-1].parent))
    children = [one.id for one in unit.versions.all() if one.parent == found.id]
    datasets = [dict(dataset) for one in ancestors for dataset in one.datasets]
    return Lineage(ancestors=[version_view(unit, one) for one in ancestors], descendants=children, datasets=datasets)


def version_compare(context: ToolContext, first: VersionName, second: VersionName) -> Comparison:
    """Compare two versions: what they consist of, and their metrics side by side."""
    unit = context.unit
    one, other = find_version(unit, first), find_version(unit, second)
    pairs = {name: (getattr(one, name) or "", getattr(other, name) or "") for name in _COMPARED}
    return Comparison(
        first=version_view(unit, one),
        second=version_view(unit, other),
        differences={name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        metrics=_side_by_side(_metrics(unit, one), _metrics(unit, other)),
    )


def version_card(context: ToolContext, version: VersionName) -> VersionCard:
    """Show the model card of a version: intended use, data, licence and evaluations."""
    unit = context.unit
    found = find_version(unit, version)
    measured = [row for row in unit.evaluations.all() if row["subject"] == found.id]
    shown = [{**row, "finished_at": row["finished_at"].isoformat()} for row in measured]
    return VersionCard(
        version=version_view(unit, found),
        fields=dict(found.card),
        datasets=[dict(dataset) for dataset in found.datasets],
        evaluations=shown,
    )


def _metrics(unit: Unit, version: Version) -> dict[str, dict[str, float]]:
    """Task -> metrics of the newest evaluation whose subject is this version."""
    found: dict[str, dict[str, float]] = {}
    for row in unit.evaluations.all():
        if row["subject"] == version.id:
            found.setdefault(row["task"], row["metrics"])
    return found


def _side_by_side(
    one: dict[str, dict[str, float]], other: dict[str, dict[str, float]]
) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    tasks = sorted({*one, *other})
    return {
        task: {
            metric: (one.get(task, {}).get(metric), other.get(task, {}).get(metric))
            for metric in sorted({*one.get(task, {}), *other.get(task, {})})
        }
        for task in tasks
    }


def lineage_tools() -> list[ToolSpec]:
    """The operations that read the roster."""
    reads = {"roster:read"}
    return [
        tool(models_list, scopes=reads, ledger=True),
        tool(version_show, scopes=reads, ledger=True),
        tool(version_lineage, scopes=reads, ledger=True),
        tool(version_compare, scopes=reads, ledger=True),
        tool(version_card, scopes=reads, ledger=True),
    ]
