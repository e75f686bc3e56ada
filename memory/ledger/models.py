"""The models that a tenant works on; what they consist of stands in their versions."""

from dataclasses import dataclass
from datetime import datetime

from memory.ledger.repository import MutableRepository
from memory.ledger.tables import Key, Name, map_table

__all__ = ["Model", "Models"]


@dataclass(frozen=True, slots=True)
class Model:
    """A line of versions.

    Attributes:
        catalogue_id: what it descends from in the catalogue of published models.
        retired_at: since when no new version is taken; `retired_reason` says why, empty where it is not retired.
    """

    name: Key[Name]
    catalogue_id: Name | None
    description: str
    created_at: datetime
    created_by: Name
    retired_at: datetime | None = None
    retired_reason: str = ""


models = map_table("models", Model)


class Models(MutableRepository[Model]):
    """One tenant's models."""

    table, row, noun = models, Model, "model"
    missing = "There is no model {key!r} in the roster."

    def add(self, item: Model) -> None:
        """Raises Conflict: there is such a model already."""
        self._add_new(item, "Register a new version of it instead.")
