"""Aliases: names such as `champion` that stand for one version of a tenant at a time."""

from dataclasses import dataclass
from datetime import datetime

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["Alias", "Aliases"]


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version. `previous` is the version that it named before."""

    name: str
    version: str
    previous: str | None
    updated_at: datetime
    updated_by: str
    revision: int = 0


class Aliases:
    """Reads and writes of one tenant's aliases."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.aliases, Alias)

    def find(self, name: str) -> Alias | None:
        return self._rows.first(schema.aliases.c.name == name)

    def get(self, name: str) -> Alias:
        """Raises NotFound: there is no such alias; names the nearest."""
        found = self.find(name)
        if found is None:
            nearest = nearest_names(name, [alias.name for alias in self.all()])
            raise NotFound(f"There is no alias {name!r}.", nearest=nearest)
        return found

    def all(self, version: str | None = None) -> list[Alias]:
        """By name; all, or those of one version."""
        where = [schema.aliases.c.version == version] if version is not None else []
        return self._rows.list(*where, order=schema.aliases.c.name)

    def point(self, name: str, version: str, by: str, now: datetime) -> Alias:
        """Let the alias name this version from now on, making it where it is new."""
        former = self.find(name)
        if former is None:
            alias = Alias(name, version, None, now, by)
        elif former.version == version:
            return former
        else:
            alias = Alias(name, version, former.version, now, by, former.revision + 1)
        self._rows.put(alias)
        return alias

    def delete(self, name: str) -> None:
        """Raises NotFound: there is no such alias."""
        self.get(name)
        self._rows.delete(schema.aliases.c.name == name)
