"""Models, their versions (base, adapter and quantisation, by the digest of their content), aliases and artifacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from memory.ledger.repository import MutableRepository, Repository, RevisedRepository
from memory.ledger.tables import BigInt, Key, Max32, Max64, Max80, Max128, Name, map_table

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

    id: Key[Name]
    model: Name
    reference: str
    base: str
    base_digest: Max80[str]
    adapter: str
    adapter_digest: Max80[str]
    quantisation: Max32[str]
    digest: Max80[str]
    stage: Max64[str]
    parent: Name | None
    datasets: Sequence[Mapping[str, Any]]
    licence: str
    card: Mapping[str, Any]
    created_at: datetime
    created_by: Name
    retired_reason: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Alias:
    """A name, such as `champion`, for a version at a time. `previous` is the version that it named before."""

    name: Key[Name]
    version: Name
    previous: Name | None
    updated_at: datetime
    updated_by: Name
    revision: int = 0


versions = map_table(
    "versions",
    Version,
    sa.ForeignKeyConstraint(["tenant", "model"], ["models.tenant", "models.name"]),
    sa.ForeignKeyConstraint(["tenant", "parent"], ["versions.tenant", "versions.id"]),
    sa.Index(None, "tenant", "model"),
)
aliases = map_table(
    "aliases", Alias, sa.ForeignKeyConstraint(["tenant", "version"], ["versions.tenant", "versions.id"])
)


class Versions(RevisedRepository[Version]):
    """One tenant's versions."""

    table, row, noun = versions, Version, "version"

    def all(self, model: str | None = None, stage: str | None = None) -> list[Version]:
        """Oldest first; of all models and stages, or of one."""
        wanted = {name: value for name, value in (("model", model), ("stage", stage)) if value}
        return self._rows.by("created_at", "id", **wanted)

    def add(self, item: Version) -> None:
        """Raises Conflict: there is such a version already."""
        self._add_new(item, "Versions never change: choose a new label.")


class Aliases(Repository[Alias]):
    """One tenant's aliases."""

    table, row, noun = aliases, Alias, "alias"

    def all(self, version: str | None = None) -> list[Alias]:
        """By name; all, or those of one version."""
        return self._rows.by("name") if version is None else self._rows.by("name", version=version)

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
        self._rows.delete(aliases.c.name == name)


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


@dataclass(frozen=True, slots=True)
class Artifact:
    """One content. `digest` is `sha256:` and 64 hexadecimal digits; `url` is any that fsspec opens."""

    digest: Key[Max80[str]]
    media_type: Max128[str]
    size_bytes: BigInt
    url: str
    created_at: datetime


artifacts = map_table("artifacts", Artifact)


class Artifacts(MutableRepository[Artifact]):
    """One tenant's artifacts, by digest."""

    table, row, noun = artifacts, Artifact, "artifact"
    missing, advice = "There is no artifact {key}.", "Register it first."

    def remove(self, digest: str) -> bool:
        """Whether the tenant had it."""
        return self._rows.delete(artifacts.c.digest == digest) > 0
