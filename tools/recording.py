"""How evidence gets in: what was measured of a version is recorded about the digest of its content."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from edge.kernel.canonical import digest_of
from edge.kernel.errors import InvalidInput, NotFound
from memory.ledger.evidence import EvidenceItem, EvidenceKind
from memory.ledger.versions import Version
from memory.nearest import nearest_names
from tools.governance.evidence import BiasMeasurement, Evaluation, SecurityFinding
from tools.governance.vocabulary import DEFAULT_VOCABULARY
from tools.lineage import find_version
from tools.policies import declared_attributes, declared_metrics
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["RecordedEvidence", "recording_tools"]

VersionName = Annotated[str, Field(min_length=1, max_length=200, description="model@label, or an alias")]
Metric = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64, description="such as accuracy")]
Dataset = Annotated[str, Field(min_length=1, max_length=200, description="on which data, with its revision")]
Samples = Annotated[int, Field(ge=1, description="how many were looked at")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Digest = Annotated[
    str | None, Field(description="of the content that was measured, sha256:...; the version's own where left out")
]
Moment = Annotated[AwareDatetime | None, Field(description="when it was measured; now where left out")]

_CALLED: dict[EvidenceKind, str] = {"evaluation": "evaluation", "bias": "measured gap", "security": "security finding"}
_CLOCK_SKEW = timedelta(minutes=5)


class RecordedEvidence(BaseModel):
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
    value: Finite,
    n: Samples,
    dataset: Dataset,
    lower: Annotated[Finite | None, Field(description="lower bound of the interval of confidence")] = None,
    upper: Annotated[Finite | None, Field(description="upper bound")] = None,
    digest: Digest = None,
    finished_at: Moment = None,
) -> RecordedEvidence:
    """Record what an evaluation measured of a version: one metric with its interval, samples and data set."""
    found = _measured(context, version, digest)
    _require_metric(context, metric, value)
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
    worst_group: Annotated[str, Field(max_length=200)] = "",
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
    check: Literal["format", "signature", "scan"],
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


def recording_tools() -> list[ToolSpec]:
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
    if moment > context.now + _CLOCK_SKEW:
        raise InvalidInput(f"{moment.isoformat()} is in the future.", "Say when it was measured.")
    kinds = {"evaluation": Evaluation, "bias": BiasMeasurement, "security": SecurityFinding}
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
    return RecordedEvidence(
        id=kept.id,
        version=kept.version,
        digest=kept.digest,
        kind=kept.kind,
        body=dict(kept.body),
        finished_at=kept.finished_at,
        recorded_by=kept.recorded_by,
    )
