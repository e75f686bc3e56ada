"""A language model whose words and times the test decides."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from agents.models.reference import ModelReference
from agents.models.resolve import ResolvedModel

__all__ = ["ScriptedChat", "scripted_model"]


class ScriptedChat(BaseChatModel):
    """Says `pieces`, the first after `first_token_s`, each further one `next_token_s` later.

    `fail_after` pieces it raises `failure`, as a server does that dies in mid-stream.
    """

    pieces: Sequence[str]
    first_token_s: float = 0.0
    next_token_s: float = 0.0
    fail_after: int | None = None
    failure: Any = None
    said: list[int] = []  # noqa: RUF012 - pydantic copies it for each instance
    """How many pieces each call got to say, also when it was cancelled."""
    spoke: asyncio.Event = Field(default_factory=asyncio.Event)
    """Set once a piece was said."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("".join(self.pieces)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self.pieces:
            yield ChatGenerationChunk(message=AIMessageChunk(piece))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = len(self.said)
        self.said.append(0)
        loop = asyncio.get_running_loop()
        due = loop.time() + self.first_token_s
        for number, piece in enumerate(self.pieces):
            if number == self.fail_after:
                raise self.failure
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += self.next_token_s
            self.said[call] += 1
            self.spoke.set()
            last = number == len(self.pieces) - 1
            metadata = {"finish_reason": "stop"} if last else {}
            yield ChatGenerationChunk(message=AIMessageChunk(piece, response_metadata=metadata))


def scripted_model(chat: BaseChatModel, *, capable: bool = True) -> ResolvedModel:
    """A resolved model around a fake chat model."""
    return ResolvedModel(
        ModelReference("openai", "scripted"), "The test chose it.", 3_000_000_000, capable, 8192, lambda: chat
    )
