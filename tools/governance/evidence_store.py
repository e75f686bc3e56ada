"""Evidence in the ledger: recorded about the content of versions, and gathered for a use."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from edge.kernel.canonical import digest_of
from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.governance import EvidenceItem, EvidenceKind
from memory.ledger.versions import Version
from tools.governance.evidence import (
    BiasMeasurement,
    Evidence,
    Frozen,
    LicensedPart,
    Lineage,
    MetricMeasurement,
    Purpose,
    Region,
    SecurityFinding,
    Served,
    newest,
)
from tools.governance.facts import CLOCK_SKEW, DEFAULT_VOCABULARY
from tools.governance.licence import Licences
from tools.governance.policy_store import declared_attributes, declared_metrics
from tools.registry.catalogue import Catalogue, load_data_licences
from tools.registry.versions import VersionName, find_version, subjects_of
from tools.serving.configuration import serving_card
from tools.spec import ToolContext, ToolSpec, View, tool

CHAMPION = "champion"
"""Alias of the version that others are compared with."""
_HERE = frozenset({"local", "ollama"})
"""Runtimes whose weights are files that somebody here has put there."""
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Use(Frozen):
    """What somebody wants to use a version for, and where.

    Attributes:
        stage: where it is to be promoted to; None where none is asked.
        users: monthly active users that are expected; None where it is not given.
        tags: such as edge, besides those of the version's card.
        otherwise: fields in which a place serves it otherwise than its card says, such as system.
    """

    purpose: Purpose = "internal_use"
    region: Annotated[Region, Field(description="a country by its two letters (DE), EU, EEA or world")] = "world"
    stage: Annotated[str | None, Field(max_length=64)] = None
    users: Annotated[int | None, Field(ge=0, description="expected monthly active users")] = None
    tags: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    otherwise: Annotated[tuple[str, ...], Field(max_length=50)] = ()

    @property
    def gate(self) -> str:
        """The name under which verdicts for it are kept, such as product/EU/production."""
        return "/".join(part for part in (self.purpose, self.region, self.stage) if part)


@dataclass(frozen=True, slots=True)
class EvidenceSource(Licences):
    """Gathers evidence about versions, with the terms of their parts."""

    def gather(self, unit: Unit, version: Version, use: Use, requested_by: str = "") -> Evidence:
        """All that is known of a version; what was measured anew has taken the place of what was measured before.

        Raises:
            InvalidInput: the version has no digest of its content, so that nothing can be about it.
        """
        if _DIGEST.fullmatch(version.digest) is None:
            raise InvalidInput(f"{version.id} has no digest of its content.", "Register it as a new version.")
        parts = tuple(self.parts(unit, version))
        items = unit.evidence.of(version.digest)
        champion = unit.aliases.find(CHAMPION)
        reigning = unit.versions.get(champion.version) if champion is not None else None
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
            served=self._served(unit, version, use),
            champion=reigning.id if reigning is not None else "",
            champion_evaluations=_evaluations(unit, reigning) if reigning is not None else (),
            licences=parts,
            evaluations=_evaluations(unit, version),
            bias=newest(bias, lambda item: (item.attribute, item.metric, item.dataset)),
            security=newest(security, lambda item: (item.check, item.source)),
        )

    def parts(self, unit: Unit, version: Version) -> Iterator[LicensedPart]:
        """What a version is made of, each part under its terms; under none where they are not known."""
        yield self._base(unit, version)
        if version.adapter:
            yield self.part("adapter", version.adapter, str(version.card.get("adapter_licence") or ""))
        for dataset in version.datasets:
            name = str(dataset.get("name") or dataset.get("digest") or "a data set without a name")
            yield self.dataset(name, str(dataset.get("licence") or ""))

    def _served(self, unit: Unit, version: Version, use: Use) -> Served:
        provider, _, _ = version.reference.partition(":")
        serves = self.catalogue.find(version.reference)
        claims = self.catalogue.find(version.base, unit.models.get(version.model).catalogue_id)
        return Served(
            reference=version.reference,
            claimed=version.base,
            serves=serves.id if serves is not None else "",
            claims=claims.id if claims is not None else "",
            remote=provider not in _HERE,
            fingerprint=serving_card(version.card).fingerprint,
            otherwise=use.otherwise,
        )

    def _base(self, unit: Unit, version: Version) -> LicensedPart:
        known = self.catalogue.find(version.base, unit.models.get(version.model).catalogue_id)
        if known is not None:
            return self.model(known.id)
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
        made_by=tuple(sorted({str(one["made_by"]) for one in version.datasets if one.get("made_by")})),
    )


def _evaluations(unit: Unit, version: Version) -> tuple[MetricMeasurement, ...]:
    """The newest value of each metric on each data set."""
    items = unit.evidence.of(version.digest)
    recorded = (MetricMeasurement.model_validate(item.body) for item in items if item.kind == "evaluation")
    return newest([*recorded, *_logged(unit, version, items)], lambda item: (item.metric, item.dataset))


def _logged(unit: Unit, version: Version, items: list[EvidenceItem]) -> Iterator[MetricMeasurement]:
    """The rows of the evaluation log whose subject serves the same, save those that are evidence already."""
    known, subjects = {item.id for item in items}, subjects_of(unit, version)
    for row in unit.evaluations.all():
        if row["subject"] not in subjects or row["id"] in known:
            continue
        for metric, value in row["metrics"].items():
            if _METRIC.fullmatch(metric):
                yield MetricMeasurement(
                    metric=metric,
                    value=value,
                    n=row["samples"],
                    dataset=row["dataset"],
                    finished_at=row["finished_at"],
                    digest=version.digest,
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from (str(one) for one in value)


Metric = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64, description="such as accuracy")]
Dataset = Annotated[str, Field(min_length=1, max_length=200, description="on which data, with its revision")]
Samples = Annotated[int, Field(ge=1, description="how many were looked at")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Digest = Annotated[
    str | None, Field(description="of the content that was measured, sha256:...; the version's own where left out")
]
Moment = Annotated[AwareDatetime | None, Field(description="when it was measured; now where left out")]

_CALLED: dict[EvidenceKind, str] = {"evaluation": "evaluation", "bias": "measured gap", "security": "security finding"}


class RecordedEvidence(View):
    """One item of evidence as it is kept."""

    id: str
    version: str
    digest: str
    kind: EvidenceKind
    body: dict[str, Any]
    finished_at: AwareDatetime
    recorded_by: str


def evaluation_record(  # noqa: PLR0913, PLR0917 - what a measurement consists of
    context: ToolContext,
    version: VersionName,
    metric: Metric,
    value: Annotated[Finite, Field(description="the measured value, as a share of 1 where it is one")],
    n: Samples,
    dataset: Dataset,
    lower: Annotated[Finite | None, Field(description="lower bound of the interval of confidence")] = None,
    upper: Annotated[Finite | None, Field(description="upper bound")] = None,
    digest: Digest = None,
    finished_at: Moment = None,
) -> RecordedEvidence:
    """Record what an evaluation measured of a version: one metric with its interval, samples and data set."""
    found = _measured(context, version, digest)
    for measured in (value, lower, upper):
        _require_metric(context, metric, measured)
    body = {"metric": metric, "value": value, "lower": lower, "upper": upper, "n": n, "dataset": dataset}
    kept = _keep(context, found, "evaluation", body, finished_at)
    context.unit.evaluations.save(
        {
            "id": kept.id,
            "task": metric,
            "subject": found.id,
            "dataset": dataset,
            "samples": n,
            "metrics": {metric: value},
            "finished_at": kept.finished_at,
        }
    )
    return kept


def bias_record(  # noqa: PLR0913, PLR0917 - what a measurement consists of
    context: ToolContext,
    version: VersionName,
    attribute: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64, description="such as language")],
    metric: Metric,
    gap: Annotated[float, Field(ge=0, allow_inf_nan=False, description="best group's value minus the worst's")],
    n: Samples,
    dataset: Dataset,
    worst_group: Annotated[str, Field(max_length=200, description="the group with the lowest value")] = "",
    digest: Digest = None,
    finished_at: Moment = None,
) -> RecordedEvidence:
    """Record how much a metric of a version differs between the groups of an attribute, such as its languages."""
    found = _measured(context, version, digest)
    _require_known("attribute", attribute, DEFAULT_VOCABULARY.attributes | declared_attributes(context.unit))
    _require_metric(context, metric, None)
    body = {
        "attribute": attribute,
        "metric": metric,
        "gap": gap,
        "worst_group": worst_group,
        "n": n,
        "dataset": dataset,
    }
    return _keep(context, found, "bias", body, finished_at)


def security_record(  # noqa: PLR0913, PLR0917 - what a finding consists of
    context: ToolContext,
    version: VersionName,
    check: Annotated[Literal["format", "signature", "scan"], Field(description="what was checked")],
    outcome: Annotated[str, Field(max_length=32, description="format: gguf ..; signature: valid ..; scan: clean ..")],
    source: Annotated[str, Field(min_length=1, max_length=200, description="the artifact or the tool that checked")],
    critical: Annotated[int | None, Field(ge=0, description="critical findings of a scan")] = None,
    high: Annotated[int | None, Field(ge=0, description="high findings of a scan")] = None,
    digest: Digest = None,
    finished_at: Moment = None,
) -> RecordedEvidence:
    """Record what a security check found in a version: its format, its signature, or a scan's findings."""
    found = _measured(context, version, digest)
    body = {"check": check, "outcome": outcome, "source": source, "critical": critical, "high": high}
    return _keep(context, found, "security", body, finished_at)


def evidence_tools() -> list[ToolSpec]:
    """The operations that record evidence."""
    writes = {"evaluations:write"}
    return [
        tool(evaluation_record, scopes=writes, effect="write", idempotent=True),
        tool(bias_record, scopes=writes, effect="write", idempotent=True),
        tool(security_record, scopes=writes, effect="write", idempotent=True),
    ]


def _measured(context: ToolContext, name: str, digest: str | None) -> Version:
    found = find_version(context.unit, name)
    if digest is not None and digest != found.digest:
        raise InvalidInput(
            f"{digest[:80]} is not the content of {found.id}, which is {found.digest}.",
            "Record it about the version that was measured.",
        )
    return found


def _require_metric(context: ToolContext, metric: str, value: float | None) -> None:
    """A metric that no rule could ask for is a mistake; a value that it cannot have, too."""
    declared = declared_metrics(context.unit)
    _require_known("metric", metric, {*DEFAULT_VOCABULARY.metrics, *declared})
    low, high = {**DEFAULT_VOCABULARY.metrics, **declared}[metric]
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        bounds = f"at least {low:g}" if high is None else f"{'' if low is None else f'{low:g}'} to {high:g}"
        raise InvalidInput(f"{metric} cannot be {value:g}: it is {bounds}.", "Correct the value.")


def _require_known(what: str, name: str, known: frozenset[str] | set[str]) -> None:
    if name not in known:
        nearest = nearest_names(name, sorted(known))
        hint = f"Nearest: {', '.join(nearest)}. " if nearest else ""
        raise NotFound(f"No {what} {name!r} is known.", f"{hint}A policy can declare one of its own.", nearest)


def _keep(
    context: ToolContext, version: Version, kind: EvidenceKind, body: dict[str, Any], finished_at: datetime | None
) -> RecordedEvidence:
    moment = finished_at or context.now
    if moment > context.now + CLOCK_SKEW:
        raise InvalidInput(f"{moment.isoformat()} is in the future.", "Say when it was measured.")
    kinds = {"evaluation": MetricMeasurement, "bias": BiasMeasurement, "security": SecurityFinding}
    try:
        checked = kinds[kind].model_validate({**body, "finished_at": moment, "digest": version.digest})
    except ValidationError as error:
        said = "; ".join(entry["msg"].removeprefix("Value error, ") for entry in error.errors())
        raise InvalidInput(f"This is no {_CALLED[kind]}: {said}.", "Correct the arguments.") from error
    full = checked.model_dump(mode="json")
    item_id = f"ev-{digest_of({'kind': kind, 'body': full})[:24]}"
    kept = context.unit.evidence.find(item_id)
    if kept is None:
        kept = EvidenceItem(item_id, version.id, version.digest, kind, full, moment, context.now, context.principal)
        context.unit.evidence.add(kept)
    return RecordedEvidence.of(kept)
