"""Supervisor overhead per turn, and time to the first token, over the bare model: 1 client and 50 clients.

The model is a fake with fixed delays, so that what is left over is ours: routing, retrieval, grounding, checking each
sentence, checkpoints, events. `python -m tests.bench.supervisor`
"""

import asyncio
import itertools
import logging
import statistics
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path

from langchain_core.messages import HumanMessage
from uvicorn import Config

from agents.events import AnswerDelta, DraftDelta, TurnEvent
from agents.models.streaming import stream_text
from graphs.dependencies import Dependencies
from memory.settings import Settings
from server.chat.conversation import Conversation, open_conversation
from server.hub import open_components
from server.process import collect_rarely, keep_loaded
from tests.bench.machine import machine, spread
from tests.fakes.chat_models import ScriptedChat, scripted_model

FIRST_TOKEN_S, NEXT_TOKEN_S = 0.4, 0.03
"""A 3B model on a small GPU: 400 ms to the first token, 33 tokens/s after."""

ANSWER = (
    "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. At 95 °C it shuts down. "
    "It restarts by itself once the SoC is below 75 °C. The operating temperature is -20 to 60 °C ambient. "
)
QUESTIONS = (
    "At what temperature does the SE30 throttle?",
    "When does the SE30 shut down because of heat?",
    "Which ambient temperature may the SE30 have?",
    "When does an overheated SE30 restart?",
)
"""The passages of each carry the answer, so that it is kept."""


_asked = itertools.count()


def new_question() -> str:
    """A question whose embedding no cache knows: blanks at its end make it new, and change nothing else."""
    number = next(_asked)
    return QUESTIONS[number % len(QUESTIONS)] + " " * (number // len(QUESTIONS) + 1)


async def bare_turn(chat: ScriptedChat) -> tuple[float, float]:
    """(seconds to the first token, seconds in all) of the model alone, read as we read it."""
    model, begun, first = scripted_model(chat), time.perf_counter(), 0.0
    async for _ in stream_text(model, [HumanMessage("?")], first_token_s=60, next_token_s=60):
        first = first or time.perf_counter() - begun
    return first, time.perf_counter() - begun


async def our_turn(conversation: Conversation, question: str) -> tuple[float, float]:
    """(seconds to the first token that a client sees, seconds in all) of a turn through the supervisor."""
    begun, first = time.perf_counter(), 0.0

    def emit(event: TurnEvent) -> None:
        nonlocal first
        if isinstance(event, DraftDelta | AnswerDelta):
            first = first or time.perf_counter() - begun

    await conversation.take_turn(str(uuid.uuid4()), question, emit)
    return first, time.perf_counter() - begun


async def measure(conversation: Conversation, chat: ScriptedChat, clients: int, turns: int) -> None:
    """Clients begin evenly spread over one turn's time, and take their turns one after another."""
    spacing = (FIRST_TOKEN_S + NEXT_TOKEN_S * len(chat.pieces)) / clients

    async def bare_client(number: int) -> list[tuple[float, float]]:
        await asyncio.sleep(number * spacing)
        return [await bare_turn(chat) for _ in range(turns)]

    async def our_client(number: int) -> list[tuple[float, float]]:
        await asyncio.sleep(number * spacing)
        return [await our_turn(conversation, new_question()) for _ in range(turns)]

    bare = [times for client in await asyncio.gather(*map(bare_client, range(clients))) for times in client]
    ours = [times for client in await asyncio.gather(*map(our_client, range(clients))) for times in client]
    first_bare, whole_bare = (statistics.median(times) for times in zip(*bare, strict=True))
    first = [(seconds - first_bare) * 1e3 for seconds, _ in ours]
    whole = [(seconds - whole_bare) * 1e3 for _, seconds in ours]
    ratio = 1 + statistics.median(whole) / whole_bare / 1e3
    print(f"{clients:3d} clients  first token over the bare model, ms  {spread(first)}")
    print(f"{clients:3d} clients  whole turn over the bare model, ms   {spread(whole)}")
    print(f"{clients:3d} clients  whole turn / bare model              {ratio:.3f}")


async def run(dependencies: Dependencies, chat: ScriptedChat) -> None:
    """Both sizes, after some turns to warm up, in a process like `chargehand up`."""
    async with open_conversation(dependencies) as conversation:
        for _ in range(2 * len(QUESTIONS)):
            await our_turn(conversation, new_question())
        keep_loaded()
        await measure(conversation, chat, clients=1, turns=12)
        await measure(conversation, chat, clients=50, turns=3)


def main() -> None:
    """Measure on the sample documents in a home of its own."""
    logging.disable(logging.WARNING)
    collect_rarely()
    samples = Path(__file__).parents[2] / "memory" / "samples"
    words = [f"{word} " for word in (ANSWER * 2).split()]
    chat = ScriptedChat(pieces=words, first_token_s=FIRST_TOKEN_S, next_token_s=NEXT_TOKEN_S)
    print(machine())
    print(f"fake model: first of {len(words)} tokens after {FIRST_TOKEN_S:g} s, then one every {NEXT_TOKEN_S:g} s")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_components(Settings(_env_file=None, home=Path(folder), model="none")) as hub,
    ):
        hub.store.ingest([samples], "default", 10_000_000)
        with asyncio.Runner(loop_factory=Config("").get_loop_factory()) as runner:  # the loop of `up`
            runner.run(run(replace(hub.dependencies, model=scripted_model(chat)), chat))


if __name__ == "__main__":
    main()
