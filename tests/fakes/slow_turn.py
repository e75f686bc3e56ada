"""`python -m tests.fakes.slow_turn HOME THREAD MESSAGE`: a process that answers in a thread and does not come to an end.

It prints "answering" once the model's draft comes.
"""

import asyncio
import sys
from pathlib import Path

from agents.events import DraftDelta, TurnEvent
from memory.embedding import load_minilm
from memory.home import open_home
from memory.settings import load_settings
from memory.store import open_store
from server.chat.conversation import open_conversation
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on


def emit(event: TurnEvent) -> None:
    if isinstance(event, DraftDelta):
        print("answering", flush=True)


async def main(home: Path, thread_id: str, message: str) -> None:
    """Take one turn whose model takes an hour."""
    opened = open_home(home, load_settings().cache)
    store = open_store(opened, lambda: load_minilm(opened.weights))
    model = scripted_model(ScriptedChat(pieces=["well "] * 3600, next_token_s=1.0))
    async with open_conversation(dependencies_on(store, model=model, turn_limit_s=3600)) as conversation:
        await conversation.take_turn(thread_id, message, emit)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
