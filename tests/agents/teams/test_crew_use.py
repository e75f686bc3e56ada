"""A crew runs in threads of its own; what its model does is charged to whom the turn is taken."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from agents.teams.configuration import crew_configuration
from agents.teams.crew import Inquiry, deliberate
from agents.teams.evidence import Evidence
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
    chat = NotingChat(pieces=["Thought: I can answer.\nFinal Answer: Somebody has to look at it."], said=[])
    inquiry = Inquiry("governance", "how is it?", Evidence(), "en")
    with charged_to("acme", "ann"):
        await deliberate([scripted_model(chat)], inquiry, process="licence_vote")
    voters = crew_configuration("governance").processes["licence_vote"].tasks
    assert chat.charged == [Caller("acme", "ann")] * len(voters)
    assert current_caller() == Caller("default", "local")
