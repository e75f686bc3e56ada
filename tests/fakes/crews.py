"""A model for a crew: what it says call by call."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from tests.fakes.chat_models import ScriptedChat

__all__ = ["LOOK_UP", "in_turn"]

LOOK_UP = 'Thought: I look it up.\nAction: licence_lookup\nAction Input: {"model": "phi-4-mini"}'


class SpeakerInTurn(ScriptedChat):
    """Gives one answer a call; the last one again and again."""

    answers: Sequence[str]

    async def _astream(self, messages: list[BaseMessage], *rest: Any, **more: Any):
        self.pieces = [self.answers[min(len(self.said), len(self.answers) - 1)]]
        async for chunk in super()._astream(messages, *rest, **more):
            yield chunk


def in_turn(*answers: str) -> ScriptedChat:
    """A model that gives these answers, one a call."""
    return SpeakerInTurn(pieces=[""], answers=answers)
