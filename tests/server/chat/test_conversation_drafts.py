"""The draft of a turn: the model is asked once, for the right question, and never left at work."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from agents.events import DraftDelta, StepStarted, TurnEvent
from agents.understanding.route import Intent
from edge.kernel.errors import Unavailable
from graphs.dependencies import Dependencies
from memory.store import KnowledgeStore
from server.chat.conversation import open_conversation
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, asks, to

HEAT = "At what temperature does the SE30 throttle?"
CARRIED = ["At ", "85 °C SoC temperature ", "the gateway lowers its clock from 1.8 to 1.2 GHz. "]


class HearingChat(ScriptedChat):
    """A scripted model that remembers what it was asked."""

    heard: list[list[BaseMessage]] = []  # noqa: RUF012 - pydantic copies it for each instance

    async def _astream(self, messages: list[BaseMessage], *rest: Any, **more: Any):
        self.heard.append(messages)
        async for chunk in super()._astream(messages, *rest, **more):
            yield chunk


def drafting(store: KnowledgeStore, chat: ScriptedChat, intent: Intent = "knowledge") -> Dependencies:
    return dependencies_on(store, ScriptedUnderstanding(otherwise=to(intent)), scripted_model(chat))


async def test_a_turn_asks_the_model_once_and_for_the_passages_that_it_cites(store: KnowledgeStore):
    chat = HearingChat(pieces=CARRIED)
    async with open_conversation(drafting(store, chat)) as conversation:
        reply = await conversation.take_turn("t1", HEAT, lambda event: None)
    ((_, asked),) = chat.heard
    assert asked.text.endswith(HEAT)
    assert reply.citations[0]["quote"] in asked.text


async def test_a_follow_up_is_put_to_the_model_with_the_question_before_it(store: KnowledgeStore):
    chat = HearingChat(pieces=CARRIED)
    async with open_conversation(drafting(store, chat)) as conversation:
        await conversation.take_turn("t1", HEAT, lambda event: None)
        await conversation.take_turn("t1", "And why?", lambda event: None)
    assert len(chat.heard) == 2
    assert chat.heard[1][-1].text.endswith(f"{HEAT} And why?")


@pytest.mark.parametrize("intent", ["help", "governance", "out_of_scope"])
async def test_what_is_no_question_to_the_documents_is_put_to_no_model(store: KnowledgeStore, intent: Intent):
    chat = ScriptedChat(pieces=CARRIED)
    async with open_conversation(drafting(store, chat, intent)) as conversation:
        await conversation.take_turn("t1", HEAT, lambda event: None)
    assert chat.said == []


async def test_a_question_back_is_put_to_no_model(store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED)
    understanding = ScriptedUnderstanding({"": asks("Which?")})
    async with open_conversation(dependencies_on(store, understanding, scripted_model(chat))) as conversation:
        await conversation.take_turn("t1", HEAT, lambda event: None)
    assert chat.said == []


async def test_nothing_of_a_draft_is_shown_before_its_step(store: KnowledgeStore):
    events: list[TurnEvent] = []
    async with open_conversation(drafting(store, ScriptedChat(pieces=CARRIED))) as conversation:
        await conversation.take_turn("t1", HEAT, events.append)
    started = next(at for at, event in enumerate(events) if isinstance(event, StepStarted) and event.step == "draft")
    shown = [at for at, event in enumerate(events) if isinstance(event, DraftDelta)]
    assert started < min(shown)


async def test_a_turn_that_is_cancelled_at_its_route_leaves_no_model_at_work(store: KnowledgeStore):
    chat = ScriptedChat(pieces=CARRIED * 100, next_token_s=0.001)
    async with open_conversation(drafting(store, chat)) as conversation:
        for delay_s in (0.0, 0.005, 0.01, 0.02, 0.04):
            turn = asyncio.create_task(conversation.take_turn(f"t{delay_s}", HEAT, lambda event: None))
            await asyncio.sleep(delay_s)
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
            said = list(chat.said)
            await asyncio.sleep(0.05)
            assert chat.said == said


async def test_an_understanding_that_fails_fails_the_turn_after_its_question_was_kept(store: KnowledgeStore):
    understanding = ScriptedUnderstanding({"": Unavailable("The embedder is away.", "Wait.")})
    async with open_conversation(dependencies_on(store, understanding)) as conversation:
        with pytest.raises(Unavailable):
            await conversation.take_turn("t1", HEAT, lambda event: None)
        asked, answered = await conversation.threads.messages("t1", "default")
    assert asked.message.text == HEAT
    assert answered.message.additional_kwargs["status"] == "failed"
