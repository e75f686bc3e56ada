"""What the graphs are built from; `server.hub` puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.settings import Settings
from memory.store import KnowledgeStore
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore

    from agents.models.resolve import ResolvedModel
    from agents.teams.turn import Teams
    from agents.understanding.entities import KnownEntities
    from agents.understanding.understanding import Understanding
    from tools.registry.catalogue import Catalogue
    from tools.serving.assembly import Serving


@dataclass(frozen=True)
class Dependencies:
    """Everything that a node may need; tests build their own.

    Attributes:
        know: the names that a caller may read.
        memories: what people told about themselves; see `memory.memories`.
        spoken: tools that people speak to; the others are not chosen for a message.
        with_model: the same with another chat model, `provider:name`; None where a run cannot choose one.
    """

    settings: Settings
    store: KnowledgeStore
    understanding: Understanding
    know: Callable[[ToolContext], KnownEntities]
    catalogue: Catalogue
    model: ResolvedModel
    tools: Mapping[str, ToolSpec]
    spoken: frozenset[str]
    teams: Teams
    serving: Serving
    memories: BaseStore
    caller: ToolContext = LOCAL_ENGINEER
    with_model: Callable[[str], Dependencies] | None = None

    @property
    def may_draft(self) -> bool:
        """Whether the model is asked to word answers: `Settings.draft_with`."""
        if self.model.reference.provider == "none" or self.settings.draft_with == "none":
            return False
        return self.model.capable or self.settings.draft_with == "any"
