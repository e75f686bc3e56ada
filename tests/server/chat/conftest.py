"""A conversation on the test's home."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from memory.store import KnowledgeStore
from server.chat.conversation import Conversation, open_conversation
from tests.fakes.dependencies import dependencies_on
from tests.server.chat.turns import Opener


@pytest.fixture
def talking(store: KnowledgeStore) -> Opener:
    """Opens a conversation on the test's home; keywords go to `dependencies_on`."""

    @asynccontextmanager
    async def opened(**parts: Any) -> AsyncGenerator[Conversation]:
        async with open_conversation(dependencies_on(store, **parts)) as conversation:
            yield conversation

    return opened
