"""The models that a tenant works on; what they consist of stands in their versions."""

from dataclasses import dataclass
from datetime import datetime

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Model", "Models"]


@dataclass(frozen=True, slots=True)
class Model:
    """A line of versions.

    Attributes:
        catalogue_id: what it descends from in the catalogue of published models.
        retired_at: since when no new version is taken; `retired_reason` says why, empty where it is not retired.
    """

    name: str
    catalogue_id: str | None
    description: str
    created_at: datetime
    created_by: str
    retired_at: datetime | None = None
    retired_reason: str = ""


class Models:
    """Reads and writes of one tenant's models."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.models, Model)

    def find(self, name: str) -> Model | None:
        return self._rows.first(schema.models.c.name == name)

    def get(self, name: str) -> Model:
        """Raises NotFound: there is no such model; names the nearest."""
        found = self.find(name)
        if found is None:
            nearest = nearest_names(name, [model.name for model in self.all()])
            raise NotFound(f"There is no model {name!r} in the roster.", nearest=nearest)
        return found

    def all(self) -> list[Model]:
        return self._rows.list(order=schema.models.c.name)

    def add(self, model: Model) -> None:
        """Raises Conflict: there is such a model already."""
        if self.find(model.name) is not None:
            raise Conflict(f"There is a model {model.name!r} already.", "Register a new version of it instead.")
        self._rows.add(model)

    def save(self, model: Model) -> None:
        """Insert or overwrite."""
        self._rows.put(model)
