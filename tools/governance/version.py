"""The description of a version that its model card and its bill of materials are made of."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tools.governance.evidence import BiasMeasurement, Digest, Evaluation, LicensedPart, SecurityFinding
from tools.governance.gates import GateResult

__all__ = ["Artifact", "VersionDescription"]

Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Frozen):
    """A file of the version. `role` says which part it is."""

    name: Text
    role: Literal["base", "adapter", "tokenizer", "template", "other"]
    format: str
    digest: Digest
    size_bytes: int = Field(ge=0)


class VersionDescription(_Frozen):
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
    dataset_digests: dict[str, Digest] = {}
    artifacts: tuple[Artifact, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    bias: tuple[BiasMeasurement, ...] = ()
    security: tuple[SecurityFinding, ...] = ()
    intended_uses: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    described_at: AwareDatetime
