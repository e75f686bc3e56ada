"""Model factories and deployment pipelines, as they are kept; what they mean stands in `tools`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from memory.ledger.repository import RevisedRepository
from memory.ledger.tables import Key, Name, map_table


@dataclass(frozen=True, slots=True)
class Factory:
    """A template by which models are deployed; JSON."""

    name: Key[Name]
    template: Mapping[str, Any]
    updated_at: datetime
    updated_by: Name
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages with their gates and approvals, and how far each run is; JSON."""

    name: Key[Name]
    stages: Sequence[Any]
    updated_at: datetime
    updated_by: Name
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


class Factories(RevisedRepository[Factory]):
    """One tenant's factories."""

    table, row, noun = map_table("factories", Factory), Factory, "factory"


class Pipelines(RevisedRepository[Pipeline]):
    """One tenant's pipelines."""

    table, row, noun = map_table("pipelines", Pipeline), Pipeline, "pipeline"
