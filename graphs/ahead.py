"""What a turn begins before its graph comes to it: the search of the documents, and the model's draft.

The model reads its prompt while the question is written down and the graph walks from the route to the draft. Nothing
is shown before the graph comes to it. See docs/decisions/0022-drafting-ahead.md.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from agents.drafting import draft_messages
from agents.grounding.relevance import Found, Rarity, assess
from agents.models.streaming import stream_text
from agents.router.language import detect_language
from graphs.dependencies import Dependencies
from memory.mirrors.lexical import analyse
from memory.passages import Passage
from tools.context import ToolContext
from tools.knowledge import FoundPassages

__all__ = [
    "PASSAGES_TO_MODEL",
    "SEARCH",
    "Ahead",
    "Retrieved",
    "may_search",
    "rarity_of",
    "search",
    "search_arguments",
    "stream_draft",
]

SEARCH = "knowledge_search"

PASSAGES_TO_MODEL = 5

_PASSAGES = 8
_HEAD_START_S = 0.05
_FIRST_TOKEN_S = 60.0
_NEXT_TOKEN_S = 20.0


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a search found, how rare the question's terms are, and what the passages are to the question."""

    found: FoundPassages
    rarity: Rarity
    relevance: Found


class Ahead:
    """A search that is under way, and the draft from what it finds. To be closed at the end of the turn.

    Args:
        query: what `caller` searches for; the search begins at once, so an event loop must run.

    Attributes:
        retrieved: the search.
    """

    def __init__(self, dependencies: Dependencies, caller: ToolContext, query: str) -> None:
        self.query = query
        self.retrieved = asyncio.create_task(_retrieve(dependencies, caller, query))
        self._dependencies = dependencies
        self._asked = asyncio.get_running_loop().create_future()
        self._starting: asyncio.Task[None] | None = None
        self._drafting: asyncio.Task[_Begun | None] | None = None

    def begin_draft(self, language: str) -> None:
        """Put the question to the model once the search has ended, if it may draft and the passages are of use."""
        if self._dependencies.may_draft and self._drafting is None:
            self._drafting = asyncio.create_task(self._begin(language))

    async def head_start(self, certain: Callable[[], Awaitable[bool]], limit_s: float = _HEAD_START_S) -> None:
        """Let nothing else be done for the turn until the model was asked, for a short while, where that is certain.

        Everything that is done beside the search takes from the same processor: the answer would begin 4 ms later.
        What fails here fails again where the graph needs it.
        """
        if self._dependencies.may_draft:
            self._starting = asyncio.create_task(self._start(certain))
            await asyncio.wait({self._starting}, timeout=limit_s)

    def draft(self) -> AsyncGenerator[str] | None:
        """The deltas of the draft that was begun, to be read once; they raise as `stream_text` does."""
        return _deltas_of(self._drafting) if self._drafting is not None else None

    async def close(self) -> None:
        """Stop the model where nobody reads its draft, and wait for the search to end."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._drafting is not None:
            self._drafting.cancel()
            (begun,) = await asyncio.gather(self._drafting, return_exceptions=True)
            if isinstance(begun, _Begun):
                await begun.rest.aclose()
        await asyncio.gather(self.retrieved, return_exceptions=True)

    async def _start(self, certain: Callable[[], Awaitable[bool]]) -> None:
        if await certain():
            self.begin_draft(detect_language(self.query))
        if self._drafting is not None:
            await asyncio.wait({self._drafting, self._asked}, return_when=asyncio.FIRST_COMPLETED)

    async def _begin(self, language: str) -> "_Begun | None":
        retrieved = await asyncio.shield(self.retrieved)  # the search is the graph's, too, and `close` waits for it
        if retrieved.relevance == "nothing":
            return None
        rest = stream_draft(self._dependencies, self.query, language, retrieved.found.passages)
        if not self._asked.done():
            self._asked.set_result(None)
        return _Begun(await anext(rest, ""), rest)


@dataclass(frozen=True, slots=True)
class _Begun:
    """The first delta of a draft, and its further ones."""

    first: str
    rest: AsyncGenerator[str]


async def _deltas_of(drafting: asyncio.Task[_Begun | None]) -> AsyncGenerator[str]:
    begun = await drafting
    if begun is None:
        return
    async with aclosing(begun.rest) as rest:
        yield begun.first
        async for delta in rest:
            yield delta


def stream_draft(
    dependencies: Dependencies, question: str, language: str, passages: Sequence[Passage]
) -> AsyncGenerator[str]:
    """The model's words from the best of the passages; raises as `stream_text` does."""
    messages = draft_messages(question, language, passages[:PASSAGES_TO_MODEL])
    return stream_text(dependencies.model, messages, first_token_s=_FIRST_TOKEN_S, next_token_s=_NEXT_TOKEN_S)


def may_search(dependencies: Dependencies, caller: ToolContext) -> bool:
    """Whether the caller has the rights that a search takes."""
    return dependencies.tools[SEARCH].scopes <= caller.scopes


async def search(dependencies: Dependencies, caller: ToolContext, query: str) -> FoundPassages:
    """By the tool that searches, as the caller may."""
    return cast("FoundPassages", await dependencies.tools[SEARCH].call(caller, search_arguments(query)))


def search_arguments(query: str) -> dict[str, Any]:
    """Of `SEARCH`."""
    return {"query": query, "limit": _PASSAGES}


async def rarity_of(dependencies: Dependencies, question: str, tenant: str) -> Rarity:
    """Of a question's terms among a tenant's chunks."""

    def rarity() -> Rarity:
        return Rarity(*dependencies.store.lexical.document_frequencies(analyse(question), tenant))

    return await asyncio.to_thread(rarity)


async def _retrieve(dependencies: Dependencies, caller: ToolContext, query: str) -> Retrieved:
    searching, counting = search(dependencies, caller, query), rarity_of(dependencies, query, caller.tenant)
    found, rarity = await asyncio.gather(searching, counting)
    return Retrieved(found, rarity, assess(query, found.passages, rarity))
