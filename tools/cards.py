"""A version written down for people (model card) and for programs (bill of materials)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from edge.kernel.errors import InvalidInput, NotFound
from memory.ledger import Unit
from memory.ledger.versions import Version
from tools.catalogue import CatalogueModel
from tools.evidence import EvidenceSource, Use
from tools.gates import read_result
from tools.governance.bom import ml_bom_json
from tools.governance.model_card import model_card
from tools.governance.version import Artifact, VersionDescription
from tools.lineage import find_version
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["VersionDocument", "card_tools", "describe"]

VersionName = Annotated[str, Field(min_length=1, max_length=200, description="model@label, or an alias")]
_FORMATS = {"application/x-gguf": "gguf", "application/x-safetensors": "safetensors", "application/onnx": "onnx"}
_NEWEST_GATES = 5


class VersionDocument(BaseModel):
    """A document about a version; `digest` is of the version's content."""

    version: str
    digest: str
    format: Literal["model card, Markdown", "CycloneDX 1.6, JSON"]
    text: str


def card_tools(source: EvidenceSource) -> list[ToolSpec]:
    """The operations that export versions."""

    def model_card_export(context: ToolContext, version: VersionName) -> VersionDocument:
        """Write the model card of a version in Markdown: parts, licences, evaluations, fairness, security, gates."""
        found = find_version(context.unit, version)
        text = model_card(describe(context, source, found))
        return VersionDocument(version=found.id, digest=found.digest, format="model card, Markdown", text=text)

    def bom_export(context: ToolContext, version: VersionName) -> VersionDocument:
        """Write the bill of materials of a version as CycloneDX ML-BOM in JSON, valid by the standard's schema."""
        found = find_version(context.unit, version)
        text = ml_bom_json(describe(context, source, found))
        return VersionDocument(version=found.id, digest=found.digest, format="CycloneDX 1.6, JSON", text=text)

    reads = {"roster:read", "gates:read", "evaluations:read"}
    return [
        tool(model_card_export, scopes=reads, ledger=True),
        tool(bom_export, scopes=reads, ledger=True),
    ]


def describe(context: ToolContext, source: EvidenceSource, version: Version) -> VersionDescription:
    """All that is known of a version; what the catalogue says of its base is said of it, too.

    Raises:
        InvalidInput: the version has no digest of its content, or its card's fields do not fit.
    """
    unit = context.unit
    evidence = source.gather(unit, version, Use())
    base = _published(source, unit, version)
    results = (read_result(stored) for stored in unit.gates.of(version.id, limit=_NEWEST_GATES))
    digests = {str(one.get("name")): one["digest"] for one in version.datasets if one.get("digest")}
    try:
        return VersionDescription(
            name=version.model,
            version=version.id.partition("@")[2] or version.id,
            digest=version.digest,
            description=unit.models.get(version.model).description,
            supplier=_text(version, "supplier"),
            task=_text(version, "task"),
            architecture=_text(version, "architecture"),
            quantisation=version.quantisation,
            parts=evidence.licences,
            dataset_digests=digests,
            artifacts=tuple(_artifacts(unit, version)),
            evaluations=evidence.evaluations,
            bias=evidence.bias,
            security=evidence.security,
            intended_uses=_texts(version, "intended_uses"),
            limitations=_texts(version, "limitations"),
            users=_texts(version, "users"),
            gates=tuple(result for result in results if result is not None),
            described_at=context.now,
            **_inherited(base),
        )
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidInput(f"The record of {version.id} does not fit: {where}: {error.errors()[0]['msg']}.") from error


def _published(source: EvidenceSource, unit: Unit, version: Version) -> CatalogueModel | None:
    for name in (version.base, unit.models.get(version.model).catalogue_id):
        try:
            if name is not None:
                return source.catalogue.get(name)
        except NotFound:
            continue
    return None


def _inherited(base: CatalogueModel | None) -> dict[str, Any]:
    if base is None:
        return {}
    names = ("parameters", "context_tokens", "modalities", "output_modalities", "languages")
    return {name: getattr(base, name) for name in names}


def _artifacts(unit: Unit, version: Version) -> list[Artifact]:
    """The files of base and adapter, where the tenant has them."""
    found: list[Artifact] = []
    for role, name, digest in (
        ("base", version.base, version.base_digest),
        ("adapter", version.adapter, version.adapter_digest),
    ):
        try:
            kept = unit.artifacts.get(digest)
        except NotFound:
            continue
        kind = _FORMATS.get(kept.media_type, kept.media_type)
        shown = {"name": name[-200:], "role": role, "format": kind, "digest": digest, "size_bytes": kept.size_bytes}
        found.append(Artifact.model_validate(shown))
    return found


def _text(version: Version, field: str) -> str:
    return str(version.card.get(field) or "")


def _texts(version: Version, field: str) -> tuple[str, ...]:
    value = version.card.get(field) or ()
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)
