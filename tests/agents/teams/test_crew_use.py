"""A crew runs in a thread of its own; what its model does is charged to whom the turn is taken."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from agents.teams.crew import crew_configuration, deliberate
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tools.serving.metering import Caller, charged_to, current_caller


class NotingChat(ScriptedChat):
    """Notes whom each call is charged to."""

    charged: list[Caller] = Field(default_factory=list[Caller])

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.charged.append(current_caller())
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk


@pytest.mark.integration
async def test_every_call_of_a_crew_is_charged_to_the_turn_s_caller() -> None:
    chat = NotingChat(pieces=["Thought: I can answer.\nFinal Answer: The rollout is paused."], said=[])
    with charged_to("acme", "ann"):
        await deliberate(scripted_model(chat), "deployment", "how is it?", "The rollout is paused.", "en")
    assert chat.charged == [Caller("acme", "ann")] * len(crew_configuration("deployment")[1])
    assert current_caller() == Caller("default", "local")
