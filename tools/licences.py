"""What a model's licence allows: read from the catalogue, never from a language model."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from tools.catalogue import Catalogue, Licence, Permission
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["LicenceFinding", "LicensedModels", "licence_tools"]

ModelName = Annotated[str, Field(min_length=1, max_length=200, description="id or alias, such as qwen2.5-3b")]


class LicenceFinding(BaseModel):
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
        return LicenceFinding(
            model=model.id,
            name=model.name,
            maker=model.maker,
            parameters=model.parameters,
            licence_id=model.licence,
            licence=catalogue.licence_of(model),
            notes=model.notes,
            unsure=model.unsure,
        )

    def licence_lookup(context: ToolContext, model: ModelName) -> LicenceFinding:
        """Look up the licence of a model: commercial use, redistribution, modification, attribution, conditions."""
        return finding(model)

    def licence_list(
        context: ToolContext, commercial_use: Permission = "yes", tier: Literal["edge", "any"] = "any"
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
