"""SmolLM2-135M-Instruct (Hugging Face, Apache-2.0; Q4_1 GGUF) as a LangChain chat model, in this process.

Its training context is 8192 tokens; 4096 for each of two requests at a time are served here. It knows almost nothing:
use it for phrasing and for choices that a JSON schema binds. It calls no tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream, generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import BaseModel, Field, ValidationError

from agents.models.llama import Chunk, load_llama
from agents.models.schemas import schema_of, show_schema
from edge.kernel.errors import Interrupted, InvalidInput, Unavailable
from tools.runtimes.bundled import BUNDLED, bundled_path

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.runnables import Runnable

__all__ = ["LocalChat"]

_ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "user"}
_CHAT_MARKS = re.compile(r"<\|(im_start|im_end|endoftext)\|>")
_OPTIONS = frozenset({"max_tokens", "temperature", "top_p", "seed", "response_format"})


class LocalChat(BaseChatModel):
    """The bundled model. Loads on the first request; every instance of a process shares one server.

    Per call, by argument or `bind`: `stop`, `max_tokens`, `temperature`, `top_p`, `seed`, `response_format`
    (`{"type": "json_schema", "json_schema": {"schema": …}}`; the schema is also put into the prompt).

    Raises, on use:
        InvalidInput: the prompt is longer than the context (says both), holds no message or anything but text, or an
            option is unknown or its schema not valid.
        Unavailable: the `local` extra is not installed, or llama.cpp fails.
    """

    path: Path = Field(default_factory=bundled_path)
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0

    @property
    def _llm_type(self) -> str:
        return "chargehand-local"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": BUNDLED, "max_tokens": self.max_tokens, "temperature": self.temperature, "seed": self.seed}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        request = self._request(messages, stop, kwargs)
        for event in load_llama(self.path).stream(request):
            piece = _read_event(event)
            if piece is None:
                continue
            if run_manager:
                run_manager.on_llm_new_token(piece.text, chunk=piece)
            yield piece

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        import asyncio
        from contextlib import aclosing

        request = self._request(messages, stop, kwargs)
        llama = await asyncio.to_thread(load_llama, self.path)
        async with aclosing(llama.astream(request)) as events:
            async for event in events:
                piece = _read_event(event)
                if piece is None:
                    continue
                if run_manager:
                    await run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece

    def get_token_ids(self, text: str) -> list[int]:
        return load_llama(self.path).token_ids(text)

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        return load_llama(self.path).count_prompt_tokens(_worded(messages))

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """A runnable whose answers fit a JSON schema (a dict) or a pydantic class, by constrained decoding.

        Raises:
            InvalidInput: another kind of schema, `include_raw`, or an unknown option.
        """
        from langchain_core.runnables import RunnableLambda

        unknown = kwargs.keys() - {"method", "strict"}
        if include_raw or unknown:
            raise InvalidInput(
                "The bundled model gives parsed answers only.", "Leave out include_raw and other options."
            )
        if isinstance(schema, dict):
            shape, read = schema, _parse_mapping
        elif issubclass(schema, BaseModel):
            shape, read = schema.model_json_schema(), _parse_model(schema)
        else:
            raise InvalidInput(f"{schema.__name__} is no schema.", "Give a JSON schema or a pydantic class.")
        response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": shape}}
        return self.bind(response_format=response_format) | RunnableLambda(read)

    def _request(self, messages: Sequence[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]) -> Chunk:
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise InvalidInput(
                f"The bundled model does not know the options {', '.join(sorted(unknown))}.",
                f"It knows {', '.join(sorted(_OPTIONS))} and stop.",
            )
        schema = schema_of(options.get("response_format"))
        shown = show_schema(messages, schema) if schema is not None else messages
        chosen = {"max_tokens": self.max_tokens, "temperature": self.temperature, "seed": self.seed, **options}
        return {"messages": _worded(shown), "stop": stop or [], **chosen}


def _worded(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Messages as roles and text; marks of the chat template inside a text are broken, so no text opens a new turn."""
    if not messages:
        raise InvalidInput("The prompt holds no message.", "Give at least one.")
    worded: list[dict[str, str]] = []
    for message in messages:
        role = _ROLES.get(message.type)
        blocks = message.content if isinstance(message.content, list) else []
        if role is None or any(isinstance(block, dict) and block.get("type") != "text" for block in blocks):
            raise InvalidInput("The bundled model reads text only.", "Leave out images, files and other content.")
        worded.append({"role": role, "content": _CHAT_MARKS.sub(r"< |\1| >", message.text)})
    return worded


def _read_event(event: Chunk) -> ChatGenerationChunk | None:
    """An event of the stream as LangChain words it; None for events that only say that the prompt is being read."""
    choices = cast("Sequence[Mapping[str, Any]]", event.get("choices", ()))
    choice: Mapping[str, Any] = choices[0] if choices else {}
    text = choice.get("delta", {}).get("content") or ""
    finish = choice.get("finish_reason")
    usage = cast("Mapping[str, int] | None", event.get("usage"))
    if not text and not finish and not usage:
        return None
    message = AIMessageChunk(content=text)
    if usage:
        message.usage_metadata = {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
            "total_tokens": usage["total_tokens"],
        }
    details = {"finish_reason": finish, "model_name": BUNDLED} if finish else None
    return ChatGenerationChunk(message=message, generation_info=details)


def _parse_mapping(message: AIMessage) -> dict[str, Any]:
    if message.response_metadata.get("finish_reason") == "length":
        raise Interrupted("The answer was cut off before its JSON ended.", "Allow more max_tokens.")
    try:
        return cast("dict[str, Any]", json.loads(message.text))
    except ValueError as error:
        raise Unavailable("The bundled model did not answer in JSON.", "Ask again.") from error


def _parse_model(schema: type[BaseModel]) -> Callable[[AIMessage], BaseModel]:
    def parse(message: AIMessage) -> BaseModel:
        try:
            return schema.model_validate(_parse_mapping(message))
        except ValidationError as error:
            raise Unavailable(f"The bundled model's answer does not fit {schema.__name__}.", "Ask again.") from error

    return parse
