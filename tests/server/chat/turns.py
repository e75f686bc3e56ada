"""Turns of a conversation as the tests look at them."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from agents.events import AnswerDelta, Notice, TurnEvent
from memory.threads import SavedMessage
from server.chat.conversation import Conversation
from tests.fakes.understandings import ScriptedUnderstanding, helps, to

__all__ = [
    "ALSO_CARRIED",
    "CARRIED",
    "ENDLESS",
    "HEAT",
    "SHIP",
    "Listener",
    "Opener",
    "assert_usable",
    "help_after",
    "kept",
]

HEAT = "At what temperature does the SE30 throttle?"
SHIP = "May we ship qwen2.5-3b in a product?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "
ALSO_CARRIED = "At 95 °C it shuts down. "
ENDLESS = [CARRIED, ALSO_CARRIED, *["It "] * 2000]

Opener = Callable[..., AbstractAsyncContextManager[Conversation]]


class Listener:
    """Hears the events of a turn, and lets a test wait for the first of a kind."""

    def __init__(self, kind: type[Any] = AnswerDelta) -> None:
        self.events: list[TurnEvent] = []
        self.heard = asyncio.Event()
        self._kind = kind

    def __call__(self, event: TurnEvent) -> None:
        self.events.append(event)
        if isinstance(event, self._kind):
            self.heard.set()

    @property
    def answer(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, AnswerDelta))

    @property
    def notices(self) -> list[str]:
        return [event.topic for event in self.events if isinstance(event, Notice)]


async def kept(conversation: Conversation, thread_id: str = "t1") -> list[SavedMessage]:
    return await conversation.threads.messages(thread_id, "default")


async def assert_usable(conversation: Conversation, thread_id: str = "t1", asked: int = 2) -> None:
    """Another turn in the thread works and is kept after what was there."""
    reply = await conversation.take_turn(thread_id, "What can you do?", Listener())
    messages = await kept(conversation, thread_id)
    assert [saved.message.type for saved in messages] == ["human", "ai"] * asked
    assert messages[-1].message.text == reply.answer
    assert messages[-1].message.additional_kwargs["status"] == "complete"
    assert (await conversation.threads.get(thread_id, "default")).turns == asked


def help_after() -> ScriptedUnderstanding:
    """Sends "What can you do?" to help and all else to the documents."""
    return ScriptedUnderstanding({"What can you do?": helps(), "qwen": to("governance")})
