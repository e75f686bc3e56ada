"""Evidence: what is known about one version, for a purpose, a region and a stage.

Evidence is data that tools measured or looked up. Each item says which version (by digest) it is about and when it was
made; whether it is too old or about another version is decided by the gate, not here.
"""

import json
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from edge.kernel.canonical import digest_of
from tools.registry.catalogue import Licence

Purpose = Literal["internal_use", "product", "redistribution", "research", "api_service"]
PURPOSES: tuple[Purpose, ...] = ("internal_use", "product", "redistribution", "research", "api_service")
Part = Literal["base", "adapter", "dataset"]

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Metric = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

OUTCOMES: dict[str, tuple[str, ...]] = {
    "format": ("safetensors", "gguf", "onnx", "pickle", "other"),
    "signature": ("valid", "invalid", "absent"),
    "scan": ("clean", "findings"),
}
"""What each security check may find."""

# Countries by ISO 3166-1 alpha-2, and the groups EU, EEA and world.
_EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
_COUNTRIES = _EU | frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AU AW AX AZ BA BB BD BF BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG
    CH CI CK CL CM CN CO CR CU CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM FO GA GB GD GE GF GG GH GI GL GM GN GP GQ GS
    GT GU GW GY HK HM HN HT ID IL IM IN IO IQ IR IS JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MU MV MW MX MY MZ NA NC NE NF NG NI NO NP NR NU NZ OM PA PE PF PG PH
    PK PM PN PR PS PW PY QA RE RS RU RW SA SB SC SD SG SH SJ SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()
)
_GROUPS: dict[str, frozenset[str]] = {"EU": _EU, "EEA": _EU | {"IS", "LI", "NO"}, "world": _COUNTRIES}

REGIONS: tuple[str, ...] = (*_GROUPS, *sorted(_COUNTRIES))
"""Every region that may be named, groups first."""


def regions_touched(region: str) -> frozenset[str]:
    """Every region that has a country in common with this one: a rule for the EU holds in DE, and in the world.

    Args:
        region: one of `REGIONS`.
    """
    mine = _GROUPS.get(region, frozenset({region}))
    touched = {group for group, countries in _GROUPS.items() if countries & mine}
    return frozenset(mine | touched)


def _known(region: str) -> str:
    if region not in REGIONS:
        raise ValueError(f"unknown region {region!r}: give a country by its two letters (DE), EU, EEA or world")
    return region


Region = Annotated[str, AfterValidator(_known)]


class Frozen(BaseModel):
    """What is given or found, and not changed after; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Measured(Frozen):
    """Something that was found out about one version at one time.

    Attributes:
        finished_at: when it was measured.
        digest: of the version that it is about.
    """

    finished_at: AwareDatetime
    digest: Digest


class MetricMeasurement(_Measured):
    """One metric of one version on one data set.

    Attributes:
        metric: snake_case; shares are 0 to 1, times end in `_ms` or `_s`.
        lower, upper: bounds of the interval of confidence; both or none.
        n: samples.
    """

    metric: Metric
    value: Finite
    lower: Finite | None = None
    upper: Finite | None = None
    n: int | None = Field(default=None, ge=1)
    dataset: Name

    @model_validator(mode="after")
    def _bounds(self) -> "MetricMeasurement":
        if (self.lower is None) != (self.upper is None):
            raise ValueError("give both bounds of the interval, or none")
        if self.lower is not None and self.upper is not None and not self.lower <= self.value <= self.upper:
            raise ValueError("the value lies outside its interval")
        return self


class BiasMeasurement(_Measured):
    """The largest difference of a metric between groups of one attribute.

    Attributes:
        attribute: what the groups differ in, snake_case, such as `language`.
        gap: best group's value minus the worst group's, >= 0, in the metric's unit.
    """

    attribute: Metric
    metric: Metric
    gap: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    worst_group: str = ""
    n: int | None = Field(default=None, ge=1)
    dataset: Name


class SecurityFinding(_Measured):
    """What one security check found.

    Attributes:
        outcome: one of `OUTCOMES` of the check.
        source: the artifact or the tool; the newest finding of each source counts.
        critical, high: numbers of findings of a scan by severity.
    """

    check: Literal["format", "signature", "scan"]
    outcome: str
    source: Name
    critical: int | None = Field(default=None, ge=0)
    high: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _known(self) -> "SecurityFinding":
        if self.outcome not in OUTCOMES[self.check]:
            raise ValueError(f"{self.check} is one of {', '.join(OUTCOMES[self.check])}, not {self.outcome!r}")
        if self.outcome == "clean" and (self.critical or self.high):
            raise ValueError("a clean scan has no findings")
        return self


Measured = TypeVar("Measured", MetricMeasurement, BiasMeasurement, SecurityFinding)


class LicensedPart(Frozen):
    """A part of a version and the terms it is under.

    Attributes:
        licence: None where no licence is known: that is unsure, never a yes.
        verified: False where the catalogue marks the licence of this very part as not verified.
        share_alike: what is adapted from it must be passed on under the same licence.
        modalities: of a model, such as text and image; some terms differ by them.
    """

    part: Part
    name: Name
    licence_id: str = ""
    licence: Licence | None = None
    verified: bool = True
    share_alike: bool = False
    modalities: tuple[str, ...] = ()


class Lineage(Frozen):
    """What a version was made of. `quantisation` is empty where the weights are as published.

    Attributes:
        made_by: models behind an API that made some of the data, as `provider:name`.
    """

    base: Name
    adapter: str = ""
    quantisation: str = ""
    datasets: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()


class Served(Frozen):
    """What serves a version, and whether that is what the version claims to be.

    Attributes:
        reference: `provider:name`.
        claimed: name of the base.
        serves: the known model that the reference stands for; empty where none is known.
        claims: the known model that the base stands for, likewise.
        remote: weights that nobody here can look at.
        fingerprint: that answers must have; empty where none is pinned.
        otherwise: fields in which the place serves it otherwise than it was measured, such as system.
    """

    reference: str
    claimed: str
    serves: str = ""
    claims: str = ""
    remote: bool = False
    fingerprint: str = ""
    otherwise: tuple[str, ...] = ()


class Evidence(Frozen):
    """All that is known about a version when somebody wants to use it for something.

    Attributes:
        subject: the version's name, for people.
        digest: of the version; evidence about another digest does not count.
        region: where it is to be used.
        stage: where it is to be promoted to, such as staging; None where none is asked.
        tags: of the model, such as edge.
        users: monthly active users that are expected; None where it is not given.
        served: what serves it; None where that is not looked at.
        champion: the version of that alias, and what was measured of it; empty where there is none.
    """

    subject: Name
    digest: Digest
    purpose: Purpose
    region: Region
    stage: str | None = None
    tags: tuple[str, ...] = ()
    requested_by: str = ""
    users: int | None = Field(default=None, ge=0)
    lineage: Lineage | None = None
    served: Served | None = None
    champion: str = ""
    champion_evaluations: tuple[MetricMeasurement, ...] = ()
    licences: tuple[LicensedPart, ...] = ()
    evaluations: tuple[MetricMeasurement, ...] = ()
    bias: tuple[BiasMeasurement, ...] = ()
    security: tuple[SecurityFinding, ...] = ()


def newest(items: Sequence[Measured], group: Callable[[Measured], Hashable]) -> tuple[Measured, ...]:
    """The newest item of each group; several of one time stay, for none of them is known to hold."""
    latest: dict[Hashable, datetime] = {}
    for item in items:
        latest[group(item)] = max(latest.get(group(item), item.finished_at), item.finished_at)
    return tuple(item for item in items if item.finished_at == latest[group(item)])


def _sorted_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_lists(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_sorted_lists(inner) for inner in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def unordered_digest(model: BaseModel) -> str:
    """`sha256:…` of a model's content; the order of the items in its lists does not matter."""
    return f"sha256:{digest_of([_sorted_lists(model.model_dump(mode='json'))])}"
