"""Resources: the documents of the caller's tenant; and completions of the names that prompts and resources take."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from mcp_types import Resource, ResourceTemplate, TextResourceContents

from agents.understanding.entities import KnownEntities
from edge.kernel.errors import NotFound
from memory.ledger.documents import Documents
from tools.calling.context import ToolContext, require_scope

_SCHEME = "chargehand://documents/"
DOCUMENT_TEMPLATE = ResourceTemplate(
    uri_template=_SCHEME + "{id}",
    name="document",
    title="Document",
    description="The text of one of the hub's documents, by its id.",
    mime_type="text/plain",
)
_READS = "documents:read"
_MOST_COMPLETED = 100


@dataclass(frozen=True, slots=True)
class HubResources:
    """What a caller can read beside calling tools.

    Attributes:
        know: the names that a caller may read.
    """

    documents: Documents
    know: Callable[[ToolContext], KnownEntities]

    async def listed(self, caller: ToolContext) -> Sequence[Resource]:
        """The documents, by name; none where the caller may not read them."""
        if _READS not in caller.scopes:
            return []
        found = await asyncio.to_thread(self.documents.all, caller.tenant)
        return [
            Resource(uri=_SCHEME + quote(one.id, safe=""), name=one.name, title=one.title, mime_type="text/plain")
            for one in found
        ]

    async def read(self, caller: ToolContext, uri: str) -> TextResourceContents:
        """The text of one document.

        Raises:
            NotAllowed: the caller may not read documents.
            NotFound: there is no such resource in the caller's tenant.
        """
        require_scope(caller, _READS, "read documents")
        if not uri.startswith(_SCHEME):
            raise NotFound(f"There is no resource {uri[:200]!r}.", "List the resources.")
        document = await asyncio.to_thread(self.documents.get, unquote(uri.removeprefix(_SCHEME)), caller.tenant)
        return TextResourceContents(uri=uri, mime_type="text/plain", text=document.text)

    async def completions(self, caller: ToolContext, argument: str, begun: str) -> list[str]:
        """Names that an argument may have and that fit what was typed, those that begin so first."""
        names = await asyncio.to_thread(self._names, caller, argument)
        typed = begun.casefold()
        fitting = [name for name in names if typed in name.casefold()]
        return sorted(fitting, key=lambda name: (not name.casefold().startswith(typed), name))[:_MOST_COMPLETED]

    def _names(self, caller: ToolContext, argument: str) -> Sequence[str]:
        if argument == "id":
            may = _READS in caller.scopes
            return [document.id for document in self.documents.all(caller.tenant)] if may else []
        known = self.know(caller)
        if argument == "version":
            return list(known.versions)
        if argument == "target":
            return list(known.targets)
        if argument == "rollout":
            return [rollout.id for rollout in known.rollouts]
        return []
