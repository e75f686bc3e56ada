"""Terms that differ by region: what the catalogue's conditions say in words, as data.

A licence that limits by place of business says nothing of the place of use, which is all that is known here: the answer
is then unsure, and a person has to clear it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tools.catalogue import Permission
from tools.governance.evidence import LicensedPart, Purpose
from tools.governance.regions import regions_touched
from tools.governance.terms import LicenceReason

__all__ = ["regional_reasons"]


@dataclass(frozen=True, slots=True)
class _Restriction:
    licence_id: str
    region: str
    modality: str
    value: Permission
    text: str


_RESTRICTIONS = (
    _Restriction(
        "llama-3.2-community",
        "EU",
        "image",
        "unsure",
        "The terms give no rights in multimodal models to individuals domiciled in, or companies with a principal place"
        " of business in, the European Union; end users of a product that contains them are not affected.",
    ),
)


def regional_reasons(part: LicensedPart, purpose: Purpose, region: str) -> Iterable[LicenceReason]:
    """What the terms of this part say of this region in particular."""
    if part.licence is None:
        return
    touched = regions_touched(region)
    for one in _RESTRICTIONS:
        concerned = not part.modalities or one.modality in part.modalities  # unknown modalities may be any
        if one.licence_id == part.licence_id and one.region in touched and concerned:
            yield LicenceReason(
                part=part.part,
                name=part.name,
                licence_id=part.licence_id,
                term="region",
                value=one.value,
                text=one.text,
                conditions=part.licence.conditions,
                source=part.licence.source,
            )
