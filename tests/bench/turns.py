"""Milliseconds of a turn without a model, by what it is: a document question, a read, a question back, a change.

Two trees are compared by running it in each, in turns. `python -m tests.bench.turns`
"""

import asyncio
import logging
import tempfile
import time
import uuid
from pathlib import Path

from uvicorn import Config

from memory.settings import Settings
from server.chat.conversation import Conversation, open_conversation
from server.hub import open_components
from server.process import collect_rarely, keep_loaded
from tests.bench.machine import machine, spread

TURNS = {
    "documents": "At what temperature does the SE30 throttle?",
    "read": "May we ship qwen2.5-3b in a product?",
    "question back": "start a canary",
    "help": "What can you do?",
    "nothing": "Write me a poem about the sea.",
}
ROUNDS = 25


async def timed(conversation: Conversation, message: str) -> float:
    """Milliseconds of a turn in a thread of its own."""
    begun = time.perf_counter()
    await conversation.take_turn(str(uuid.uuid4()), message, lambda event: None)
    return (time.perf_counter() - begun) * 1e3


async def measure(conversation: Conversation) -> None:
    """Each kind of turn, one after another in rounds, after three rounds to warm up."""
    for message in 3 * list(TURNS.values()):
        await timed(conversation, message)
    keep_loaded()
    took: dict[str, list[float]] = {kind: [] for kind in TURNS}
    for number in range(ROUNDS):
        for kind, message in TURNS.items():  # blanks make it new to every cache, and change nothing else
            took[kind].append(await timed(conversation, message + " " * (number + 1)))
    for kind, times in took.items():
        print(f"{kind:14s} ms  {spread(times)}")


def main() -> None:
    """Measure on the sample documents in a home of its own."""
    logging.disable(logging.WARNING)
    collect_rarely()
    samples = Path(__file__).parents[2] / "memory" / "samples"
    print(machine())
    with (
        tempfile.TemporaryDirectory() as folder,
        open_components(Settings(_env_file=None, home=Path(folder), model="none")) as hub,
    ):
        hub.store.ingest([samples], "default", 10_000_000)

        async def run() -> None:
            async with open_conversation(hub.dependencies) as conversation:
                await measure(conversation)

        with asyncio.Runner(loop_factory=Config("").get_loop_factory()) as runner:  # the loop of `up`
            runner.run(run())


if __name__ == "__main__":
    main()
