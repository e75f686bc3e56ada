"""Licences looked up and listed from the catalogue, never from a language model, and weighed together."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from edge.kernel.errors import InvalidInput
from memory.ledger import Unit
from tools.governance.evidence import Frozen, LicensedPart, Purpose, Region
from tools.governance.evidence_store import EvidenceSource
from tools.governance.licence import Compatibility, compatibility
from tools.registry.catalogue import Catalogue, Licence, Permission
from tools.registry.versions import find_version
from tools.spec import ToolContext, ToolSpec, View, tool

ModelName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="id or alias, such as qwen2.5-3b",
        json_schema_extra={"names": ["catalogue_model", "model"]},
    ),
]


class LicenceFinding(View):
    """The licence of one model."""

    model: str
    name: str
    maker: str
    parameters: int | None
    licence_id: str
    licence: Licence
    notes: str
    unsure: tuple[str, ...]
    """Facts about the model that the catalogue marks as not verified."""


class LicensedModels(BaseModel):
    """Models whose licence answers the question so."""

    commercial_use: Permission
    models: list[LicenceFinding]


def licence_tools(catalogue: Catalogue) -> list[ToolSpec]:
    """The licence operations over one catalogue."""

    def finding(name: str) -> LicenceFinding:
        model = catalogue.get(name)
        licence = catalogue.licence_of(model)
        return LicenceFinding.of(model, model=model.id, licence_id=model.licence, licence=licence)

    def licence_lookup(context: ToolContext, model: ModelName) -> LicenceFinding:
        """Look up the licence of a model: commercial use, redistribution, modification, attribution, conditions."""
        return finding(model)

    def licence_list(
        context: ToolContext,
        commercial_use: Annotated[Permission, Field(description="what the licence says of commercial use")] = "yes",
        tier: Annotated[Literal["edge", "any"], Field(description="edge: only models that fit devices")] = "any",
    ) -> LicensedModels:
        """List the models of the catalogue whose licence answers the question of commercial use in one way."""
        chosen = [
            model.id
            for model in catalogue.models
            if catalogue.licence_of(model).commercial_use == commercial_use and (model.edge or tier == "any")
        ]
        return LicensedModels(commercial_use=commercial_use, models=[finding(name) for name in chosen])

    return [
        tool(licence_lookup, scopes={"licences:read"}),
        tool(licence_list, scopes={"licences:read"}),
    ]


LicenceId = Annotated[str, Field(max_length=64, description="id of a licence, such as apache-2.0, or own")]
Name = Annotated[str, Field(min_length=1, max_length=500)]


class DatasetLicence(Frozen):
    """A data set, and the licence that it is under."""

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
        purpose: Annotated[Purpose, Field(description="what the version is to be used for")],
        region: Annotated[Region, Field(description="two letters of a country, EU, EEA or world")] = "world",
        version: Annotated[Name | None, Field(description="a registered version, instead of its parts")] = None,
        base: Annotated[
            Name | None,
            Field(description="a model of the catalogue", json_schema_extra={"names": ["catalogue_model"]}),
        ] = None,
        base_licence: Annotated[LicenceId, Field(description="of a base that the catalogue has not")] = "",
        adapter: Annotated[Name | None, Field(description="an adapter, or the model that it comes from")] = None,
        adapter_licence: LicenceId = "",
        datasets: Annotated[tuple[DatasetLicence, ...], Field(max_length=50, description="trained on")] = (),
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
            parts += [source.dataset(one.name, one.licence) for one in datasets]
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
