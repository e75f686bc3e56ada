"""The roster: which models this hub can serve now, joined with what the catalogue knows of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from tools.registry.catalogue import Catalogue, CatalogueModel, CatalogueName
from tools.spec import ToolContext, ToolSpec, tool


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a runtime can serve without a download. `reference` is `provider:name`."""

    reference: str
    parameters: int | None


@dataclass(frozen=True, slots=True)
class RuntimeReport:
    """One runtime: the models it serves, or why it serves none."""

    runtime: str
    models: tuple[ServedModel, ...]
    detail: str


class RuntimeProbe(Protocol):
    """What knows the runtimes of this hub."""

    async def runtimes(self) -> Sequence[RuntimeReport]:
        """Ask each runtime; one that does not answer reports why instead of raising."""
        ...


class RosterEntry(BaseModel):
    """One servable model; fields are None where the catalogue does not know the model."""

    reference: str
    runtime: str
    default: bool
    """It answers the chat now."""
    catalogue_id: str | None
    parameters: int | None
    licence: str | None
    commercial_use: str | None


class Roster(BaseModel):
    """The models that can be served now, and the runtimes that serve none."""

    models: list[RosterEntry]
    idle_runtimes: dict[str, str]
    """Runtime -> why it serves nothing."""


class ModelProfile(BaseModel):
    """What the catalogue knows of one model, and where it can be served now."""

    model: CatalogueModel
    licence_name: str
    served_as: list[str]


def roster_tools(catalogue: Catalogue, serving: RuntimeProbe, default_model: str) -> list[ToolSpec]:
    """The roster operations.

    Args:
        default_model: `provider:name` of the model that answers the chat.
    """

    async def roster() -> Roster:
        reports = await serving.runtimes()
        entries = [
            _entry(catalogue, model, report.runtime, default_model) for report in reports for model in report.models
        ]
        return Roster(
            models=entries,
            idle_runtimes={report.runtime: report.detail for report in reports if not report.models},
        )

    async def roster_list(context: ToolContext) -> Roster:
        """List the models that this hub's runtimes can serve now, with size and licence."""
        return await roster()

    async def model_profile(context: ToolContext, model: CatalogueName) -> ModelProfile:
        """Show what is known of one model: maker, size, context, languages, licence, and where it is served now."""
        profile = catalogue.get(model)
        served = [entry.reference for entry in (await roster()).models if entry.catalogue_id == profile.id]
        return ModelProfile(model=profile, licence_name=catalogue.licence_of(profile).name, served_as=served)

    return [
        tool(roster_list, scopes={"roster:read"}),
        tool(model_profile, scopes={"roster:read"}),
    ]


def _entry(catalogue: Catalogue, served: ServedModel, runtime: str, default_model: str) -> RosterEntry:
    known = catalogue.find(served.reference)
    licence = catalogue.licence_of(known) if known else None
    return RosterEntry(
        reference=served.reference,
        runtime=runtime,
        default=served.reference == default_model,
        catalogue_id=known.id if known else None,
        parameters=served.parameters or (known.parameters if known else None),
        licence=licence.name if licence else None,
        commercial_use=licence.commercial_use if licence else None,
    )
