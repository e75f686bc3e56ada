"""Parts of a version with their licence terms, looked up in the catalogue."""

from collections.abc import Mapping
from typing import Literal

from edge.kernel.errors import NotFound
from tools.catalogue import Catalogue
from tools.catalogue.data_licences import DataLicence
from tools.governance.evidence import LicensedPart

__all__ = ["licensed_data", "licensed_model", "licensed_part"]


def licensed_model(catalogue: Catalogue, name: str, part: Literal["base", "adapter"] = "base") -> LicensedPart:
    """A model of the catalogue under its terms.

    Raises:
        NotFound: the catalogue has no such model; the error names the nearest.
    """
    model = catalogue.get(name)
    return LicensedPart(
        part=part,
        name=model.id,
        licence_id=model.licence,
        licence=catalogue.licence_of(model),
        verified="licence" not in model.unsure,
        modalities=model.modalities,
    )


def licensed_data(licences: Mapping[str, DataLicence], name: str, licence_id: str) -> LicensedPart:
    """A data set under one of the known data licences; under none where the id is not known."""
    found = licences.get(licence_id.lower())
    return LicensedPart(
        part="dataset",
        name=name,
        licence_id=licence_id.lower(),
        licence=found,
        share_alike=found is not None and found.share_alike,
    )


def licensed_part(
    catalogue: Catalogue,
    licences: Mapping[str, DataLicence],
    part: Literal["base", "adapter"],
    name: str,
    licence_id: str,
) -> LicensedPart:
    """A base or adapter under a licence named by its id, of models or of data; the catalogue need not have the model.

    Raises:
        NotFound: no such licence.
    """
    key = licence_id.lower()
    data = licences.get(key)
    found = data or catalogue.licences.get(key)
    if found is None:
        raise NotFound(f"No licence {licence_id!r} is known.", "Known: " + ", ".join(sorted(catalogue.licences)) + ".")
    return LicensedPart(
        part=part, name=name, licence_id=key, licence=found, share_alike=data is not None and data.share_alike
    )
