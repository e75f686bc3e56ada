"""Model factories and deployment pipelines, as they are kept; what they mean stands in `tools`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Factories", "Factory", "Pipeline", "Pipelines"]


@dataclass(frozen=True, slots=True)
class Factory:
    """A template by which models are deployed; JSON."""

    name: str
    template: Mapping[str, Any]
    updated_at: datetime
    updated_by: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages with their gates and approvals, and how far each run is; JSON."""

    name: str
    stages: Sequence[Any]
    updated_at: datetime
    updated_by: str
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


class Factories:
    """Reads and writes of one tenant's factories."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.factories, Factory)

    def find(self, name: str) -> Factory | None:
        return self._rows.first(schema.factories.c.name == name)

    def get(self, name: str) -> Factory:
        """Raises NotFound: there is no such factory; names the nearest."""
        found = self.find(name)
        if found is None:
            raise NotFound(
                f"There is no factory {name!r}.", nearest=nearest_names(name, [one.name for one in self.all()])
            )
        return found

    def all(self) -> list[Factory]:
        return self._rows.list(order=schema.factories.c.name)

    def add(self, factory: Factory) -> None:
        self._rows.add(factory)

    def save(self, factory: Factory) -> Factory:
        """Overwrite what was read; returns it with its new revision. Raises Conflict: it has changed since."""
        self._rows.replace(factory)
        return replace(factory, revision=factory.revision + 1)


class Pipelines:
    """Reads and writes of one tenant's pipelines."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.pipelines, Pipeline)

    def find(self, name: str) -> Pipeline | None:
        return self._rows.first(schema.pipelines.c.name == name)

    def get(self, name: str) -> Pipeline:
        """Raises NotFound: there is no such pipeline; names the nearest."""
        found = self.find(name)
        if found is None:
            nearest = nearest_names(name, [one.name for one in self.all()])
            raise NotFound(f"There is no pipeline {name!r}.", nearest=nearest)
        return found

    def all(self) -> list[Pipeline]:
        return self._rows.list(order=schema.pipelines.c.name)

    def add(self, pipeline: Pipeline) -> None:
        self._rows.add(pipeline)

    def save(self, pipeline: Pipeline) -> Pipeline:
        """Overwrite what was read; returns it with its new revision. Raises Conflict: it has changed since."""
        self._rows.replace(pipeline)
        return replace(pipeline, revision=pipeline.revision + 1)
