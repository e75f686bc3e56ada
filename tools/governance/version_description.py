"""The description of a version, and its exports: model card and bill of materials."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from edge.kernel.errors import InvalidInput
from memory.ledger import Unit
from memory.ledger.versions import Version
from tools.governance.bill_of_materials import ml_bom_json
from tools.governance.evidence import BiasMeasurement, Digest, Frozen, LicensedPart, MetricMeasurement, SecurityFinding
from tools.governance.evidence_store import EvidenceSource, Use
from tools.governance.gate import read_result
from tools.governance.model_card import model_card
from tools.governance.verdict import GateResult
from tools.registry.versions import VersionName, find_version
from tools.spec import ToolContext, ToolSpec, tool

_FORMATS = {"application/x-gguf": "gguf", "application/x-safetensors": "safetensors", "application/onnx": "onnx"}
_INHERITED = {"parameters", "context_tokens", "modalities", "output_modalities", "languages"}
_NEWEST_GATES = 5

DocumentFormat = Literal["model card, Markdown", "CycloneDX 1.6, JSON"]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class VersionFile(Frozen):
    """A file of the version. `role`: which part it is."""

    name: Text
    role: Literal["base", "adapter", "tokenizer", "template", "other"]
    format: str
    digest: Digest
    size_bytes: int = Field(ge=0)


class VersionDescription(Frozen):
    """What is known about a version; nothing here is made up for the export.

    Attributes:
        name, version: such as faq and 3.
        digest: of the version's content.
        parts: base, adapter and the data that the adapter was trained on, with their terms.
        dataset_digests: content digests of data sets, by name.
        intended_uses, limitations: as people wrote them; a card says so where there are none.
        gates: verdicts, each about this digest.
        described_at: date of the description, that of the exports too.
    """

    name: Text
    version: Text
    digest: Digest
    description: str = ""
    supplier: str = ""
    task: str = ""
    architecture: str = ""
    parameters: int | None = Field(default=None, ge=0)
    context_tokens: int | None = Field(default=None, ge=0)
    modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    quantisation: str = ""
    parts: tuple[LicensedPart, ...] = ()
    dataset_digests: dict[str, Digest] = Field(default={})
    artifacts: tuple[VersionFile, ...] = ()
    evaluations: tuple[MetricMeasurement, ...] = ()
    bias: tuple[BiasMeasurement, ...] = ()
    security: tuple[SecurityFinding, ...] = ()
    intended_uses: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    described_at: AwareDatetime


class VersionDocument(BaseModel):
    """A document about a version; `digest` is of the version's content."""

    version: str
    digest: str
    format: DocumentFormat
    text: str


def export_tools(source: EvidenceSource) -> list[ToolSpec]:
    """The operations that write what is known of a version as a document."""

    def document(
        context: ToolContext, version: str, form: DocumentFormat, write: Callable[[VersionDescription], str]
    ) -> VersionDocument:
        found = find_version(context.unit, version)
        text = write(describe(context, source, found))
        return VersionDocument(version=found.id, digest=found.digest, format=form, text=text)

    def model_card_export(context: ToolContext, version: VersionName) -> VersionDocument:
        """Write the model card of a version in Markdown: parts, licences, evaluations, fairness, security, gates."""
        return document(context, version, "model card, Markdown", model_card)

    def bom_export(context: ToolContext, version: VersionName) -> VersionDocument:
        """Write the bill of materials of a version as CycloneDX ML-BOM in JSON, valid by the standard's schema."""
        return document(context, version, "CycloneDX 1.6, JSON", ml_bom_json)

    scopes = {"roster:read", "gates:read", "evaluations:read"}
    return [tool(model_card_export, scopes=scopes, ledger=True), tool(bom_export, scopes=scopes, ledger=True)]


def describe(context: ToolContext, source: EvidenceSource, version: Version) -> VersionDescription:
    """All that is known of a version, and of its base in the catalogue.

    Raises:
        InvalidInput: the version has no digest of its content, or its card's fields do not fit.
    """
    unit = context.unit
    evidence = source.gather(unit, version, Use())
    model = unit.models.get(version.model)
    base = source.catalogue.find(version.base, model.catalogue_id)
    results = (read_result(stored) for stored in unit.gates.of(version.id, limit=_NEWEST_GATES))
    digests = {str(one.get("name")): one["digest"] for one in version.datasets if one.get("digest")}
    try:
        return VersionDescription(
            name=version.model,
            version=version.id.partition("@")[2] or version.id,
            digest=version.digest,
            description=model.description,
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
            **(base.model_dump(include=_INHERITED) if base is not None else {}),
        )
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidInput(f"The record of {version.id} does not fit: {where}: {error.errors()[0]['msg']}.") from error


def _artifacts(unit: Unit, version: Version) -> list[VersionFile]:
    """The files of base and adapter, where the tenant has them."""
    found: list[VersionFile] = []
    for role, name, digest in (
        ("base", version.base, version.base_digest),
        ("adapter", version.adapter, version.adapter_digest),
    ):
        kept = unit.artifacts.find(digest)
        if kept is None:
            continue
        kind = _FORMATS.get(kept.media_type, kept.media_type)
        shown = {"name": name[-200:], "role": role, "format": kind, "digest": digest, "size_bytes": kept.size_bytes}
        found.append(VersionFile.model_validate(shown))
    return found


def _text(version: Version, field: str) -> str:
    return str(version.card.get(field) or "")


def _texts(version: Version, field: str) -> tuple[str, ...]:
    value = version.card.get(field) or ()
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)
