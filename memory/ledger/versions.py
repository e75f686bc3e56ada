"""Versions of models: base + adapter + quantisation, each by the digest of its content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope
from memory.nearest import nearest_names

__all__ = ["STAGES", "Version", "Versions"]

STAGES = ("candidate", "staging", "production", "retired")
"""The stages that every tenant has; it may use others."""


@dataclass(frozen=True, slots=True)
class Version:
    """One servable state of a model.

    Attributes:
        id: `model@label`, unique in the tenant.
        reference: how a runtime serves it, `provider:name`, such as `ollama:phi4-mini`.
        base: reference of the base weights; `base_digest` is `sha256:...` of their content, empty where unknown.
        adapter: reference of the adapter, with its digest; both empty where there is none.
        quantisation: such as "Q4_1"; empty for the base's own.
        digest: of base, adapter and quantisation together.
        parent: id of the version that it was made from.
        datasets: what it was trained on: objects with at least `name` and `digest`.
        licence: id of the licence in the catalogue, or an SPDX expression; empty where unknown.
        card: the model card's own fields.
        revision: counts changes; 0 for a new one.
    """

    id: str
    model: str
    reference: str
    base: str
    base_digest: str
    adapter: str
    adapter_digest: str
    quantisation: str
    digest: str
    stage: str
    parent: str | None
    datasets: Sequence[Mapping[str, Any]]
    licence: str
    card: Mapping[str, Any]
    created_at: datetime
    created_by: str
    retired_reason: str = ""
    revision: int = 0


class Versions:
    """Reads and writes of one tenant's versions."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.versions, Version)

    def find(self, version_id: str) -> Version | None:
        return self._rows.first(schema.versions.c.id == version_id)

    def get(self, version_id: str) -> Version:
        """Raises NotFound: there is no such version; names the nearest."""
        found = self.find(version_id)
        if found is None:
            nearest = nearest_names(version_id, [version.id for version in self.all()])
            raise NotFound(f"There is no version {version_id!r}.", nearest=nearest)
        return found

    def all(self, model: str | None = None, stage: str | None = None) -> list[Version]:
        """Oldest first; of all models and stages, or of one."""
        table = schema.versions
        where = [column == value for column, value in ((table.c.model, model), (table.c.stage, stage)) if value]
        return self._rows.list(*where, order=(table.c.created_at, table.c.id))

    def add(self, version: Version) -> None:
        """Raises Conflict: there is such a version already."""
        if self.find(version.id) is not None:
            raise Conflict(f"There is a version {version.id!r} already.", "Versions never change: choose a new label.")
        self._rows.add(version)

    def save(self, version: Version) -> Version:
        """Overwrite what was read; returns it with its new revision. Raises Conflict: it has changed since."""
        self._rows.replace(version)
        return replace(version, revision=version.revision + 1)
