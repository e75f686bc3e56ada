"""Registered models and their versions: registered, shown, compared, with lineage and card."""

from collections import Counter
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.kernel.canonical import digest_of
from edge.kernel.errors import Conflict, InvalidInput, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.versions import Model, Version
from tools.registry.artifacts import FilePath, ModelFile, ModelFiles
from tools.registry.catalogue import Catalogue
from tools.serving.configuration import ServingCard, serving_card
from tools.spec import ToolContext, ToolSpec, View, tool

NewName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="lower-case letters, digits and . _ -")
]
ModelName = Annotated[str, Field(min_length=1, max_length=64, description="name of a registered model")]
VersionName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="model@label, or an alias",
        json_schema_extra={"names": ["version", "alias"]},
    ),
]
ServedBy = Annotated[
    str, Field(pattern=r"^[a-z0-9_-]+:\S+$", max_length=500, description="provider:name that serves it")
]
Digest = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$", description="sha256:..., empty where unknown")]
_FILES_LIMIT_S = 900.0
_COMPARED = (
    "model",
    "reference",
    "base",
    "base_digest",
    "adapter",
    "adapter_digest",
    "quantisation",
    "licence",
    "stage",
    "parent",
)


class VersionContent(BaseModel):
    """What a version consists of. `adapter` is empty where there is none, `quantisation` for the base's own.

    A digest is the caller's word, but for a file that is named: its content is kept, and its digest computed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            description="the base weights",
            json_schema_extra={"names": ["catalogue_model"]},
        ),
    ]
    base_digest: Digest = ""
    adapter: Annotated[str, Field(max_length=500)] = ""
    adapter_digest: Digest = ""
    quantisation: Annotated[str, Field(max_length=32, description="such as Q4_1")] = ""
    base_file: FilePath | None = None
    adapter_file: FilePath | None = None

    @property
    def digest(self) -> str:
        """Of all parts together, each by its digest where that is known, else by its name."""
        parts = {
            "base": self.base_digest or self.base,
            "adapter": self.adapter_digest or self.adapter,
            "quantisation": self.quantisation,
        }
        return f"sha256:{digest_of(parts)}"


def content_of(version: Version) -> VersionContent:
    """What a version that is registered consists of."""
    return VersionContent(
        base=version.base,
        base_digest=version.base_digest,
        adapter=version.adapter,
        adapter_digest=version.adapter_digest,
        quantisation=version.quantisation,
    )


def served_digest(content: VersionContent, reference: str, serving: ServingCard) -> str:
    """Of what is served: the content, what serves it, and what it is told besides the request.

    Evidence is about this: weights behind another prompt, or behind a reference that may serve anything, are another
    thing than what was measured. The migration `0013` computes it for versions of earlier releases.
    """
    parts = {
        "content": content.digest,
        "reference": reference,
        "system": serving.system,
        "options": dict(serving.options),
        "adapter_scale": serving.adapter_scale if content.adapter else 1.0,
        "fingerprint": serving.fingerprint,
    }
    return f"sha256:{digest_of(parts)}"


def subjects_of(unit: Unit, version: Version) -> frozenset[str]:
    """By what names the evaluation log knows what a version serves: its digest, and every version of that digest."""
    alike = (one.id for one in unit.versions.all() if one.digest == version.digest)
    return frozenset({version.id, version.digest, *alike} - {""})


class VersionView(View):
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


class ModelView(View):
    """One registered model with its versions, oldest first."""

    name: str
    catalogue_id: str | None
    description: str
    retired_reason: str
    versions: list[VersionView]


class ModelList(BaseModel):
    """The tenant's registered models."""

    models: list[ModelView]


class VersionLineage(BaseModel):
    """Where a version comes from, the version itself first, and what was made from it."""

    ancestors: list[VersionView]
    descendants: list[str]
    datasets: list[dict[str, Any]]


class Comparison(BaseModel):
    """Two versions side by side.

    Attributes:
        same: both serve the same, so that what was measured of one is known of the other.
        differences: field -> the two values.
        metrics: task, and data set where there are several -> metric -> the two values, None where not measured.
    """

    first: VersionView
    second: VersionView
    same: bool
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
    return VersionView.of(version, aliases=[alias.name for alias in unit.aliases.all(version=version.id)])


def model_view(unit: Unit, model: Model) -> ModelView:
    """The model with its versions."""
    versions = unit.versions.all(model=model.name)
    return ModelView.of(model, versions=[version_view(unit, version) for version in versions])


def version_tools() -> list[ToolSpec]:
    """The operations that read the roster."""
    reads = {"roster:read"}
    return [
        tool(models_list, scopes=reads, ledger=True),
        tool(version_show, scopes=reads, ledger=True),
        tool(version_lineage, scopes=reads, ledger=True),
        tool(version_compare, scopes=reads, ledger=True),
        tool(version_card, scopes=reads, ledger=True),
    ]


def models_list(
    context: ToolContext, model: Annotated[ModelName | None, Field(description="only this; all where left out")] = None
) -> ModelList:
    """List the tenant's registered models with their versions, stages and aliases."""
    models = context.unit.models
    return ModelList(models=[model_view(context.unit, one) for one in ([models.get(model)] if model else models.all())])


def version_show(context: ToolContext, version: VersionName) -> VersionView:
    """Show one version: base, adapter, quantisation, digests, stage and aliases."""
    return version_view(context.unit, find_version(context.unit, version))


def version_lineage(context: ToolContext, version: VersionName) -> VersionLineage:
    """Show where a version comes from, what it was trained on and what was made from it."""
    unit = context.unit
    found = find_version(unit, version)
    ancestors = [found]
    while ancestors[-1].parent is not None:  # parents are older, and never change
        ancestors.append(unit.versions.get(ancestors[-1].parent))
    children = [one.id for one in unit.versions.all() if one.parent == found.id]
    datasets = [dict(dataset) for one in ancestors for dataset in one.datasets]
    return VersionLineage(
        ancestors=[version_view(unit, one) for one in ancestors], descendants=children, datasets=datasets
    )


def version_compare(context: ToolContext, first: VersionName, second: VersionName) -> Comparison:
    """Compare two versions: what they consist of, and their metrics side by side."""
    unit = context.unit
    one, other = find_version(unit, first), find_version(unit, second)
    pairs = {name: (getattr(one, name) or "", getattr(other, name) or "") for name in _COMPARED}
    return Comparison(
        first=version_view(unit, one),
        second=version_view(unit, other),
        same=one.digest == other.digest,
        differences={name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        metrics=_side_by_side(_newest_metrics(unit, one), _newest_metrics(unit, other)),
    )


def version_card(context: ToolContext, version: VersionName) -> VersionCard:
    """Show the model card of a version: intended use, data, licence and evaluations."""
    unit = context.unit
    found = find_version(unit, version)
    subjects = subjects_of(unit, found)
    measured = [row for row in unit.evaluations.all() if row["subject"] in subjects]
    shown = [{**row, "finished_at": row["finished_at"].isoformat()} for row in measured]
    return VersionCard(
        version=version_view(unit, found),
        fields=dict(found.card),
        datasets=[dict(dataset) for dataset in found.datasets],
        evaluations=shown,
    )


_Measured = dict[tuple[str, str], dict[str, float]]


def _newest_metrics(unit: Unit, version: Version) -> _Measured:
    """(task, data set) -> the newest value of each metric, of whatever serves the same: what gates go by, too."""
    subjects = subjects_of(unit, version)
    found: _Measured = {}
    for row in reversed(unit.evaluations.all()):  # newest last
        if row["subject"] in subjects:
            found.setdefault((row["task"], row["dataset"]), {}).update(row["metrics"])
    return found


def _side_by_side(one: _Measured, other: _Measured) -> dict[str, dict[str, tuple[float | None, float | None]]]:
    """Values of one data set stand beside each other, never those of two."""
    both = sorted({*one, *other})
    several = {task for task, count in Counter(task for task, _ in both).items() if count > 1}
    shown: dict[str, dict[str, tuple[float | None, float | None]]] = {}
    for task, dataset in both:
        mine, theirs = one.get((task, dataset), {}), other.get((task, dataset), {})
        shown[f"{task} ({dataset})" if task in several else task] = {
            metric: (mine.get(metric), theirs.get(metric)) for metric in sorted({*mine, *theirs})
        }
    return shown


def registering_tools(catalogue: Catalogue, files: ModelFiles | None = None) -> list[ToolSpec]:
    """The operations that add to the roster.

    Args:
        files: None where versions are registered by their digests alone.
    """

    def register_model(
        context: ToolContext,
        name: NewName,
        based_on: Annotated[
            str | None,
            Field(
                max_length=200, description="name in the catalogue", json_schema_extra={"names": ["catalogue_model"]}
            ),
        ] = None,
        description: Annotated[str, Field(max_length=2000, description="what the model is for")] = "",
    ) -> ModelView:
        """Register a model, a line of versions, in the tenant's roster."""
        known = catalogue.get(based_on).id if based_on is not None else None
        model = Model(name, known, description, context.now, context.principal)
        context.unit.models.add(model)
        return model_view(context.unit, model)

    def take(context: ToolContext, **arguments: Any) -> dict[str, ModelFile]:
        content: VersionContent = arguments["content"]
        named = {"base_digest": content.base_file, "adapter_digest": content.adapter_file}
        if content.adapter_file and not content.adapter:
            raise InvalidInput("There is a file of an adapter, and no adapter.", "Name the adapter.")
        if any(named.values()) and files is None:
            raise InvalidInput("No files are kept here.", "Give digests.")
        return {field: files.take(context, path) for field, path in named.items() if files is not None and path}

    def register_version(
        context: ToolContext,
        model: ModelName,
        label: NewName,
        reference: ServedBy,
        content: VersionContent,
        parent: Annotated[
            str | None,
            Field(
                max_length=200, description="version that it was made from", json_schema_extra={"names": ["version"]}
            ),
        ] = None,
        datasets: Annotated[list[dict[str, Any]] | None, Field(description="trained on: name, digest, licence")] = None,
        card: Annotated[dict[str, Any] | None, Field(description="fields of the model card")] = None,
    ) -> VersionView:
        """Register a version of a model: base, adapter and quantisation with the digests of their content."""
        unit = context.unit
        owner = unit.models.get(model)
        if owner.retired_at is not None:
            raise Conflict(f"The model {model!r} is retired: {owner.retired_reason}", "Register it as another model.")
        if content.adapter_digest and not content.adapter:
            raise InvalidInput("There is a digest of an adapter, and no adapter.", "Name the adapter.")
        serving = serving_card(card or {})
        if files is not None:
            content = _of_files(context, files, content, context.prepared or {})
        known = catalogue.find(content.base, owner.catalogue_id)
        version = Version(
            id=f"{owner.name}@{label}",
            model=owner.name,
            reference=reference,
            base=content.base,
            base_digest=content.base_digest,
            adapter=content.adapter,
            adapter_digest=content.adapter_digest,
            quantisation=content.quantisation,
            digest=served_digest(content, reference, serving),
            stage="candidate",
            parent=find_version(unit, parent).id if parent is not None else None,
            datasets=datasets or [],
            licence=known.licence if known is not None else "",
            card=card or {},
            created_at=context.now,
            created_by=context.principal,
        )
        unit.versions.add(version)
        return version_view(unit, version)

    writes = {"roster:write"}
    return [
        tool(register_model, scopes=writes, effect="write"),
        tool(register_version, scopes=writes, effect="write", timeout_s=_FILES_LIMIT_S, prepare=take),
    ]


def _of_files(
    context: ToolContext, files: ModelFiles, content: VersionContent, taken: dict[str, ModelFile]
) -> VersionContent:
    """The content with the digests of its files, which the tenant now has. Raises InvalidInput: another was claimed."""
    found: dict[str, str] = {}
    for name, file in taken.items():
        claimed = getattr(content, name)
        if claimed not in {"", file.stored.digest}:
            raise InvalidInput(f"The file's digest is {file.stored.digest}, not {claimed}.", "Leave the digest out.")
        found[name] = files.enter(context, file).digest
    return content.model_copy(update=found)
