"""The running hub: what its routes work with."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from graphs.dependencies import Dependencies
from memory.settings import Settings
from server.chat.conversation import Conversation, open_conversation
from server.chat.runs import Runs

__all__ = ["Hub", "open_hub"]


@dataclass(frozen=True)
class Hub:
    """One hub on one home."""

    dependencies: Dependencies
    conversation: Conversation
    runs: Runs

    @property
    def settings(self) -> Settings:
        return self.dependencies.settings

    @property
    def tenant(self) -> str:
        return self.dependencies.caller.tenant


@asynccontextmanager
async def open_hub(dependencies: Dependencies) -> AsyncGenerator[Hub]:
    """Open the threads and be ready for runs; running turns are stopped, and kept, at the end."""
    async with open_conversation(dependencies) as conversation:
        runs = Runs(conversation)
        try:
            yield Hub(dependencies, conversation, runs)
        finally:
            await runs.close()
