"""Licence compatibility of base, adapter and data sets, for a purpose and a region.

The most restrictive answer wins: no, then unsure, then conditional, then yes. Unsure is never a yes. The terms are the
catalogue's summaries; their `source` decides, and this is no legal advice.

What a purpose needs of the terms:

    purpose          of base and adapter                                     of the data it was trained on
    internal_use     commercial use                                          commercial use, modification
    api_service      commercial use                                          commercial use, modification
    product          commercial use, redistribution (the weights ship)       commercial use, modification
    redistribution   commercial use (a company's is), redistribution         commercial use, modification
    research         any use; commercial use need not be allowed             any use, modification

and modification of the base, wherever an adapter or a quantisation changes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edge.kernel.errors import NotFound
from tools.governance.evidence import Frozen, LicensedPart, Part, Purpose, regions_touched
from tools.registry.catalogue import Catalogue, DataLicence, Licence, Permission

ObligationKind = Literal["attribution", "user_threshold", "condition"]

_ORDER: tuple[Permission, ...] = ("yes", "conditional", "unsure", "no")
_ALLOWING = {
    "yes": "allows",
    "no": "does not allow",
    "conditional": "allows under conditions",
    "unsure": "may or may not allow (not verified)",
}
_REGIONAL = {
    ("llama-3.2-community", "EU", "image"): (
        "The terms give no rights in multimodal models to individuals domiciled in, or companies with a principal place"
        " of business in, the European Union; end users of a product that contains them are not affected."
    )
}


class LicenceReason(Frozen):
    """One answer that the terms of one part give.

    Attributes:
        term: which term, such as commercial_use; empty where no terms are known.
        conditions: of the licence, where the answer is not a plain yes.
        source: of the terms.
    """

    part: Part
    name: str
    licence_id: str = ""
    term: str = ""
    value: Permission
    text: str
    conditions: tuple[str, ...] = ()
    source: str = ""


class Obligation(Frozen):
    """Something that must be done or kept to when a part is used."""

    kind: ObligationKind
    name: str
    licence_id: str
    text: str
    source: str


_SHIPPED: tuple[Purpose, ...] = ("product", "redistribution")


class Compatibility(Frozen):
    """The answer for one set of parts.

    Attributes:
        reasons: why, the most restrictive first; each cites the terms and their source.
        obligations: what must be done when it is used so, such as attribution, and what stands in the conditions.
        user_threshold: the least number of monthly active users above which a licence must be asked for.
    """

    verdict: Permission
    purpose: Purpose
    region: str
    reasons: tuple[LicenceReason, ...]
    obligations: tuple[Obligation, ...]
    user_threshold: int | None


@dataclass(frozen=True, slots=True)
class Licences:
    """Where the terms of parts are looked up: of models in the catalogue, of data among the data licences."""

    catalogue: Catalogue
    data_licences: Mapping[str, DataLicence]

    def model(self, name: str, part: Literal["base", "adapter"] = "base") -> LicensedPart:
        """A model of the catalogue under its terms.

        Raises:
            NotFound: the catalogue has no such model; the error names the nearest.
        """
        model = self.catalogue.get(name)
        return LicensedPart(
            part=part,
            name=model.id,
            licence_id=model.licence,
            licence=self.catalogue.licence_of(model),
            verified="licence" not in model.unsure,
            modalities=model.modalities,
        )

    def dataset(self, name: str, licence_id: str) -> LicensedPart:
        """A data set under one of the known data licences; under none where the id is not known."""
        return self._under(self.data_licences.get(licence_id.lower()), "dataset", name, licence_id)

    def part(self, part: Literal["base", "adapter"], name: str, licence_id: str = "") -> LicensedPart:
        """A base or adapter: under the licence that is named, else under that of the catalogue, else under none.

        Raises:
            NotFound: no such licence, of models or of data; names those that are known.
        """
        if not licence_id:
            known = self.catalogue.find(name)
            return LicensedPart(part=part, name=name) if known is None else self.model(known.id, part)
        found = self.data_licences.get(licence_id.lower()) or self.catalogue.licences.get(licence_id.lower())
        if found is None:
            known_ids = ", ".join(sorted(self.catalogue.licences))
            raise NotFound(f"No licence {licence_id!r} is known.", f"Known: {known_ids}.")
        return self._under(found, part, name, licence_id)

    @staticmethod
    def _under(licence: Licence | None, part: Part, name: str, licence_id: str) -> LicensedPart:
        shared = isinstance(licence, DataLicence) and licence.share_alike
        return LicensedPart(part=part, name=name, licence_id=licence_id.lower(), licence=licence, share_alike=shared)


def restrictiveness(value: Permission) -> int:
    """0 for yes, 1 for conditional, 2 for unsure, 3 for no."""
    return _ORDER.index(value)


def worst(values: Iterable[Permission]) -> Permission:
    """The most restrictive; unsure where there are none."""
    return _ORDER[max(map(restrictiveness, values), default=_ORDER.index("unsure"))]


def compatibility(
    parts: Sequence[LicensedPart],
    purpose: Purpose,
    region: str,
    *,
    users: int | None = None,
    quantised: bool = False,
    adapted: bool = False,
) -> Compatibility:
    """What these parts allow together. Never raises; the order of the parts does not matter.

    Args:
        parts: the base, adapters and the data sets that they were trained on.
        region: one of `evidence.REGIONS`, where it is to be used.
        users: monthly active users that are expected; None where it is not given.
        quantised: the weights of the base are changed, even without an adapter.
        adapted: there is an adapter, even if its terms are not among the parts.
    """
    modified = quantised or adapted or any(part.part == "adapter" for part in parts)
    reasons = [*_missing(parts), *_conflicts(parts, purpose)]
    for part in parts:
        reasons += _reasons_of(part, purpose, region, modified=modified, users=users)
    ranked = sorted(
        set(reasons), key=lambda reason: (-restrictiveness(reason.value), reason.part, reason.name, reason.text)
    )
    thresholds = [part.licence.user_threshold for part in parts if part.licence and part.licence.user_threshold]
    return Compatibility(
        verdict=worst(reason.value for reason in ranked),
        purpose=purpose,
        region=region,
        reasons=tuple(ranked),
        obligations=tuple(sorted(set(_obligations(parts, purpose)), key=lambda one: (one.name, one.kind, one.text))),
        user_threshold=min(thresholds, default=None),
    )


def _missing(parts: Sequence[LicensedPart]) -> Iterable[LicenceReason]:
    kinds = {part.part for part in parts}
    if "base" not in kinds:
        yield LicenceReason(part="base", name="", value="unsure", text="No licence of the base model is recorded.")
    own = [part for part in parts if part.part == "adapter" and part.licence_id == "own"]
    if own and "dataset" not in kinds:
        for adapter in own:
            text = f"No training data is recorded for the adapter {adapter.name}."
            yield LicenceReason(part="adapter", name=adapter.name, value="unsure", text=text)


def _conflicts(parts: Sequence[LicensedPart], purpose: Purpose) -> Iterable[LicenceReason]:
    """Share-alike terms that cannot all be kept when the whole is passed on."""
    if purpose not in _SHIPPED:
        return
    shared = [part for part in parts if part.share_alike and part.licence]
    for part in shared:
        others = [
            other
            for other in parts
            if other.licence
            and other.licence_id != part.licence_id
            and (other.share_alike or (other.part != "dataset" and other.licence.type != "open_source"))
        ]
        for other in others:
            text = (
                f"{part.name} is share-alike ({part.licence_id}); {other.name} is under {other.licence_id}, which may"
                " not allow passing the whole on under those terms."
            )
            yield _cited(part, "share_alike", "unsure", text)


def _reasons_of(
    part: LicensedPart, purpose: Purpose, region: str, *, modified: bool, users: int | None
) -> Iterable[LicenceReason]:
    licence = part.licence
    if licence is None:
        named = f" ({part.licence_id} is not in the catalogue)" if part.licence_id else ""
        text = f"No licence terms are known for {part.name}{named}."
        yield LicenceReason(part=part.part, name=part.name, value="unsure", text=text)
        return
    if not part.verified:
        yield _cited(part, "licence", "unsure", f"The catalogue marks the licence of {part.name} as not verified.")
    for term, value in _needed(part, licence, purpose, modified=modified):
        yield _cited(part, term, value, _sentence(part, licence, term, value))
    if part.part == "dataset" and licence.type == "api_only":
        text = f"{part.name} was made with an API whose terms limit training on its outputs."
        yield _cited(part, "outputs", "unsure", text)
    if licence.user_threshold is not None and users is not None and users > licence.user_threshold:
        text = (
            f"{users:,} users are expected; above {licence.user_threshold:,} {licence.name} gives no rights without"
            " a licence of the maker."
        )
        yield _cited(part, "user_threshold", "no", text)
    yield from _regional(part, region)


def _regional(part: LicensedPart, region: str) -> Iterable[LicenceReason]:
    """Terms that differ by region. They go by place of business, which is not known here: a person has to clear it."""
    for (licence_id, where, modality), text in _REGIONAL.items():
        concerned = not part.modalities or modality in part.modalities  # unknown modalities may be any
        if licence_id == part.licence_id and where in regions_touched(region) and concerned:
            yield _cited(part, "region", "unsure", text)


def _needed(
    part: LicensedPart, licence: Licence, purpose: Purpose, *, modified: bool
) -> Iterable[tuple[str, Permission]]:
    if purpose == "research":
        yield "commercial_use", _for_research(licence)
    else:
        yield "commercial_use", licence.commercial_use
    if part.part == "dataset":
        yield "modification", licence.modification
        return
    if purpose in _SHIPPED:
        yield "redistribution", licence.redistribution
    if part.part == "base" and modified:
        yield "modification", licence.modification


def _for_research(licence: Licence) -> Permission:
    """Research needs no commercial use: a licence for research alone allows it within its conditions."""
    if licence.commercial_use == "no" and licence.type == "research_only":
        return "conditional"
    return licence.commercial_use


def _sentence(part: LicensedPart, licence: Licence, term: str, value: Permission) -> str:
    if term == "commercial_use" and value == "conditional" and licence.commercial_use == "no":
        return f"{licence.name} of {part.name} allows research use under conditions, and no commercial use."
    return f"{licence.name} of {part.name} {_ALLOWING[value]} {term.replace('_', ' ')}."


def _cited(part: LicensedPart, term: str, value: Permission, text: str) -> LicenceReason:
    source = part.licence.source if part.licence else ""
    conditions = part.licence.conditions if part.licence and value != "yes" else ()
    return LicenceReason(
        part=part.part,
        name=part.name,
        licence_id=part.licence_id,
        term=term,
        value=value,
        text=text,
        conditions=conditions,
        source=source,
    )


def _obligations(parts: Sequence[LicensedPart], purpose: Purpose) -> Iterable[Obligation]:
    for part in parts:
        licence = part.licence
        if licence is None:
            continue

        def due(kind: ObligationKind, text: str, part: LicensedPart = part, licence: Licence = licence) -> Obligation:
            return Obligation(kind=kind, name=part.name, licence_id=part.licence_id, text=text, source=licence.source)

        if licence.attribution.lower() != "none" and purpose != "internal_use":
            yield due("attribution", licence.attribution)
        if licence.user_threshold is not None:
            yield due("user_threshold", f"Ask for a licence above {licence.user_threshold:,} monthly active users.")
        for condition in licence.conditions:
            yield due("condition", condition)
