"""What the ledger and the catalogue know of a version, as evidence for a use."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.errors import InvalidInput, NotFound
from memory.ledger import Unit
from memory.ledger.evidence import EvidenceItem
from memory.ledger.versions import Version
from tools.catalogue import Catalogue
from tools.catalogue.data_licences import DataLicence, load_data_licences
from tools.governance.evidence import (
    BiasMeasurement,
    Evaluation,
    Evidence,
    LicensedPart,
    Lineage,
    Purpose,
    SecurityFinding,
)
from tools.governance.licensing import licensed_data, licensed_model, licensed_part
from tools.governance.regions import Region

__all__ = ["EvidenceSource", "Use", "open_evidence"]

_Item = TypeVar("_Item", Evaluation, BiasMeasurement, SecurityFinding)
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Use(BaseModel):
    """What somebody wants to use a version for, and where.

    Attributes:
        stage: where it is to be promoted to; None where none is asked.
        users: monthly active users that are expected; None where nobody said.
        tags: such as edge, besides those of the version's card.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose = "internal_use"
    region: Annotated[Region, Field(description="a country by its two letters (DE), EU, EEA or world")] = "world"
    stage: Annotated[str | None, Field(max_length=64)] = None
    users: Annotated[int | None, Field(ge=0, description="expected monthly active users")] = None
    tags: Annotated[tuple[str, ...], Field(max_length=20)] = ()

    @property
    def gate(self) -> str:
        """The name under which verdicts for it are kept, such as product/EU/production."""
        return "/".join(part for part in (self.purpose, self.region, self.stage) if part)


@dataclass(frozen=True, slots=True)
class EvidenceSource:
    """Gathers evidence; the terms of the parts are looked up in the catalogue and among the data licences."""

    catalogue: Catalogue
    data_licences: Mapping[str, DataLicence]

    def gather(self, unit: Unit, version: Version, use: Use, requested_by: str = "") -> Evidence:
        """All that is known of a version; what was measured anew has taken the place of what was measured before.

        Raises:
            InvalidInput: the version has no digest of its content, so that nothing can be about it.
        """
        if _DIGEST.fullmatch(version.digest) is None:
            raise InvalidInput(f"{version.id} has no digest of its content.", "Register it as a new version.")
        parts = tuple(self.parts(unit, version))
        items = unit.evidence.of(version.digest)
        logged = _logged(unit, version, items)
        evaluations = [*(Evaluation.model_validate(item.body) for item in items if item.kind == "evaluation"), *logged]
        bias = [BiasMeasurement.model_validate(item.body) for item in items if item.kind == "bias"]
        security = [SecurityFinding.model_validate(item.body) for item in items if item.kind == "security"]
        return Evidence(
            subject=version.id,
            digest=version.digest,
            purpose=use.purpose,
            region=use.region,
            stage=use.stage,
            tags=tuple(sorted({*use.tags, *_texts(version.card.get("tags"))})),
            requested_by=requested_by,
            users=use.users,
            lineage=_lineage(version, parts),
            licences=parts,
            evaluations=_newest(evaluations, lambda item: (item.metric, item.dataset)),
            bias=_newest(bias, lambda item: (item.attribute, item.metric, item.dataset)),
            security=_newest(security, lambda item: (item.check, item.source)),
        )

    def parts(self, unit: Unit, version: Version) -> Iterator[LicensedPart]:
        """What a version is made of, each part under its terms; under none where they are not known."""
        yield self._base(unit, version)
        if version.adapter:
            yield self.part("adapter", version.adapter, str(version.card.get("adapter_licence") or ""))
        for dataset in version.datasets:
            name = str(dataset.get("name") or dataset.get("digest") or "a data set without a name")
            yield licensed_data(self.data_licences, name, str(dataset.get("licence") or ""))

    def part(self, kind: str, name: str, licence_id: str = "") -> LicensedPart:
        """A base or adapter: under the licence that is named, else under that of the catalogue, else under none.

        Raises:
            NotFound: no such licence; names those that are known.
        """
        part = "adapter" if kind == "adapter" else "base"
        if licence_id:
            return licensed_part(self.catalogue, self.data_licences, part, name, licence_id)
        try:
            return licensed_model(self.catalogue, name, part)
        except NotFound:
            return LicensedPart(part=part, name=name)

    def _base(self, unit: Unit, version: Version) -> LicensedPart:
        origin = unit.models.get(version.model).catalogue_id
        for name in (version.base, origin):
            try:
                if name is not None:
                    return licensed_model(self.catalogue, name)
            except NotFound:
                continue
        try:
            return self.part("base", version.base, version.licence)
        except NotFound:
            return LicensedPart(part="base", name=version.base, licence_id=version.licence)


def open_evidence(catalogue: Catalogue) -> EvidenceSource:
    """With the bundled data licences."""
    return EvidenceSource(catalogue, load_data_licences())


def _lineage(version: Version, parts: tuple[LicensedPart, ...]) -> Lineage:
    return Lineage(
        base=next(part.name for part in parts if part.part == "base"),
        adapter=next((part.name for part in parts if part.part == "adapter"), ""),
        quantisation=version.quantisation,
        datasets=tuple(part.name for part in parts if part.part == "dataset"),
    )


def _logged(unit: Unit, version: Version, items: list[EvidenceItem]) -> Iterator[Evaluation]:
    """The rows of the evaluation log whose subject is this version, save those that are evidence already."""
    known = {item.id for item in items}
    for row in unit.evaluations.all():
        if row["subject"] not in {version.id, version.digest} or row["id"] in known:
            continue
        for metric, value in row["metrics"].items():
            if _METRIC.fullmatch(metric):
                yield Evaluation(
                    metric=metric,
                    value=value,
                    n=row["samples"],
                    dataset=row["dataset"],
                    finished_at=row["finished_at"],
                    digest=version.digest,
                )


def _newest(items: Sequence[_Item], group: Callable[[_Item], Hashable]) -> tuple[_Item, ...]:
    """What has not been measured anew since; several of one time stay, for nobody can say which holds."""
    latest: dict[Hashable, datetime] = {}
    for item in items:
        latest[group(item)] = max(latest.get(group(item), item.finished_at), item.finished_at)
    return tuple(item for item in items if item.finished_at == latest[group(item)])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from (str(one) for one in value)
