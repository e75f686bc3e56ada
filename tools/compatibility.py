"""What the licences of a base, an adapter and data sets allow together."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.errors import InvalidInput
from memory.ledger import Unit
from tools.evidence import EvidenceSource
from tools.governance.compatibility import Compatibility, compatibility
from tools.governance.evidence import LicensedPart, Purpose
from tools.governance.licensing import licensed_data
from tools.governance.regions import Region
from tools.lineage import find_version
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["DatasetLicence", "LicenceAnswer", "compatibility_tools"]

LicenceId = Annotated[str, Field(max_length=64, description="id of a licence, such as apache-2.0, or own")]
Name = Annotated[str, Field(min_length=1, max_length=500)]


class DatasetLicence(BaseModel):
    """A data set, and the licence that it is under."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    licence: LicenceId = ""


class LicenceAnswer(BaseModel):
    """The answer, and the parts that it is about; `licence_id` of a part is empty where nothing is known."""

    compatibility: Compatibility
    parts: list[LicensedPart]


def compatibility_tools(source: EvidenceSource) -> list[ToolSpec]:
    """The operation over one catalogue."""

    def licence_compatibility(  # noqa: PLR0913, PLR0917 - what a version is made of
        context: ToolContext,
        purpose: Purpose,
        region: Annotated[Region, Field(description="two letters of a country, EU, EEA or world")] = "world",
        version: Annotated[Name | None, Field(description="a registered version, instead of its parts")] = None,
        base: Annotated[Name | None, Field(description="a model of the catalogue")] = None,
        base_licence: Annotated[LicenceId, Field(description="of a base that the catalogue has not")] = "",
        adapter: Annotated[Name | None, Field(description="an adapter, or the model that it comes from")] = None,
        adapter_licence: LicenceId = "",
        datasets: Annotated[tuple[DatasetLicence, ...], Field(max_length=50)] = (),
        quantised: Annotated[bool, Field(description="the weights of the base are changed")] = False,
        users: Annotated[int | None, Field(ge=0, description="expected monthly active users")] = None,
    ) -> LicenceAnswer:
        """Tell whether base, adapter and data sets may be used together for a purpose and region, and on what terms."""
        parts_given = bool(base or base_licence or adapter or adapter_licence or datasets or quantised)
        if (version is None) == (base is None) or (version is not None and parts_given):
            raise InvalidInput("Give either a version, or a base with its adapter and data sets.", "Name one of both.")
        if adapter_licence and adapter is None:
            raise InvalidInput("There is a licence of an adapter, and no adapter.", "Name the adapter.")
        if version is not None:
            parts, quantised = _of_version(source, context.unit, version)
        else:
            parts = [_base(source, str(base), base_licence)]
            parts += [source.part("adapter", adapter, adapter_licence)] if adapter is not None else []
            parts += [licensed_data(source.data_licences, one.name, one.licence) for one in datasets]
        answer = compatibility(parts, purpose, region, users=users, quantised=quantised)
        return LicenceAnswer(compatibility=answer, parts=parts)

    return [tool(licence_compatibility, scopes={"licences:read", "roster:read"}, ledger=True)]


def _of_version(source: EvidenceSource, unit: Unit, name: str) -> tuple[list[LicensedPart], bool]:
    found = find_version(unit, name)
    return list(source.parts(unit, found)), bool(found.quantisation)


def _base(source: EvidenceSource, name: str, licence_id: str) -> LicensedPart:
    """Of the catalogue, unless the licence is named; an unknown model is a mistake, not an unsure answer."""
    if not licence_id:
        source.catalogue.get(name)
    return source.part("base", name, licence_id)
