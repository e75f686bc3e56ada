"""New models and new versions in the roster."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.canonical import digest_of
from edge.kernel.errors import Conflict, InvalidInput, NotFound
from memory.ledger.models import Model
from memory.ledger.versions import Version
from tools.catalogue import Catalogue
from tools.files import FilePath, ModelFile, ModelFiles
from tools.lineage import ModelView, VersionView, find_version, model_view, version_view
from tools.serving import serving_card
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["VersionContent", "registering_tools"]

NewName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="lower-case letters, digits and . _ -")
]
ModelName = Annotated[str, Field(min_length=1, max_length=64, description="name of a registered model")]
_FILES_LIMIT_S = 900.0
Reference = Annotated[str, Field(max_length=500)]
ServedBy = Annotated[
    str, Field(pattern=r"^[a-z0-9_-]+:\S+$", max_length=500, description="provider:name that serves it")
]
Digest = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$", description="sha256:..., empty where unknown")]


class VersionContent(BaseModel):
    """What a version consists of. `adapter` is empty where there is none, `quantisation` for the base's own.

    A digest is the caller's word, but for a file that is named: its content is kept, and its digest computed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Annotated[str, Field(min_length=1, max_length=500, description="the base weights")]
    base_digest: Digest = ""
    adapter: Reference = ""
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


@dataclass(frozen=True, slots=True)
class _Taken:
    """The files of a version, whose contents are kept."""

    base: ModelFile | None
    adapter: ModelFile | None


def registering_tools(catalogue: Catalogue, files: ModelFiles | None = None) -> list[ToolSpec]:
    """The operations that add to the roster.

    Args:
        files: None where versions are registered by their digests alone.
    """

    def register_model(
        context: ToolContext,
        name: NewName,
        based_on: Annotated[str | None, Field(max_length=200, description="name in the catalogue")] = None,
        description: Annotated[str, Field(max_length=2000)] = "",
    ) -> ModelView:
        """Register a model, a line of versions, in the tenant's roster."""
        known = catalogue.get(based_on).id if based_on is not None else None
        model = Model(name, known, description, context.now, context.principal)
        context.unit.models.add(model)
        return model_view(context.unit, model)

    def take(context: ToolContext, **arguments: Any) -> _Taken | None:
        content: VersionContent = arguments["content"]
        named = (content.base_file, content.adapter_file)
        if not any(named):
            return None
        if content.adapter_file and not content.adapter:
            raise InvalidInput("There is a file of an adapter, and no adapter.", "Name the adapter.")
        if files is None:
            raise InvalidInput("No files are kept here.", "Give digests.")
        return _Taken(*(files.take(context, path) if path else None for path in named))

    def register_version(
        context: ToolContext,
        model: ModelName,
        label: NewName,
        reference: ServedBy,
        content: VersionContent,
        parent: Annotated[str | None, Field(max_length=200, description="version that it was made from")] = None,
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
        serving_card(card or {})
        if files is not None and context.prepared is not None:
            content = _of_files(context, files, content, context.prepared)
        version = Version(
            id=f"{owner.name}@{label}",
            model=owner.name,
            reference=reference,
            base=content.base,
            base_digest=content.base_digest,
            adapter=content.adapter,
            adapter_digest=content.adapter_digest,
            quantisation=content.quantisation,
            digest=content.digest,
            stage="candidate",
            parent=find_version(unit, parent).id if parent is not None else None,
            datasets=datasets or [],
            licence=_licence(catalogue, content.base, owner),
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


def _of_files(context: ToolContext, files: ModelFiles, content: VersionContent, taken: _Taken) -> VersionContent:
    """The content with the digests of its files, which the tenant now has. Raises InvalidInput: another was claimed."""
    found: dict[str, str] = {}
    for name, file in (("base_digest", taken.base), ("adapter_digest", taken.adapter)):
        if file is None:
            continue
        claimed = getattr(content, name)
        if claimed not in {"", file.stored.digest}:
            raise InvalidInput(f"The file's digest is {file.stored.digest}, not {claimed}.", "Leave the digest out.")
        found[name] = files.enter(context, file).digest
    return content.model_copy(update=found)


def _licence(catalogue: Catalogue, base: str, model: Model) -> str:
    """The licence of the base, of the model's origin where the base is not in the catalogue, else empty: unknown."""
    for name in (base, model.catalogue_id):
        try:
            if name is not None:
                return catalogue.get(name).licence
        except NotFound:
            continue
    return ""
