"""The running hub: what its routes work with."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from graphs.dependencies import Dependencies
from memory.settings import Settings
from server.chat.conversation import Conversation, open_conversation
from server.chat.runs import Runs
from server.device_answers import answering_devices
from server.gateway.opening import OpenGateway, open_gateway
from server.workers import running_workers
from tools.rollouts.reconciler import RolloutStore

__all__ = ["Hub", "open_hub"]


@dataclass(frozen=True)
class Hub:
    """One hub on one home."""

    dependencies: Dependencies
    conversation: Conversation
    runs: Runs
    models: OpenGateway
    rollouts: RolloutStore

    @property
    def settings(self) -> Settings:
        return self.dependencies.settings


@asynccontextmanager
async def open_hub(dependencies: Dependencies) -> AsyncGenerator[Hub]:
    """Open the threads, the model gateway and the reconciler; running turns are stopped, and kept, at the end."""
    settings, ledger = dependencies.settings, dependencies.store.ledger
    async with (
        open_conversation(dependencies) as conversation,
        open_gateway(settings, ledger) as models,
        running_workers(settings, ledger, models) as rollouts,
        answering_devices(ledger, conversation),
    ):
        runs = Runs(conversation)
        try:
            yield Hub(dependencies, conversation, runs, models, rollouts)
        finally:
            await runs.close()
