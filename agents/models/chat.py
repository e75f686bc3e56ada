"""The LangChain chat model of every provider, over the gateway of `tools/serving`.

The bundled model of 135M knows almost nothing: use it for phrasing and for choices that a JSON schema binds.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from math import ceil
from typing import TYPE_CHECKING, Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from edge.kernel.errors import InvalidInput, Unavailable
from tools.serving.attempts import ModelRequest
from tools.serving.metering import current_caller

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun

    from tools.serving.gateway import Gateway
    from tools.serving.runtime import Json


_ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "user"}
_CHAT_MARKS = re.compile(r"<\|(im_start|im_end|endoftext)\|>")
_OPTIONS = frozenset({"max_tokens", "temperature", "top_p", "seed", "response_format"})
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "local": {"max_tokens": 512, "temperature": 0.0, "seed": 0},
    "ollama": {"temperature": 0.0},
}
_SHOWN_SCHEMA = frozenset({"local", "ollama", "anthropic"})
"""Providers whose models are shown the schema in the prompt: small ones, and who overlooks `response_format`."""


class ServedChat(BaseChatModel):
    """A model by `provider:name`. Asynchronous alone: the gateway lives in an event loop.

    Per call, by argument or `bind`: `stop`, `max_tokens`, `temperature`, `top_p`, `seed`, `response_format`
    (`{"type": "json_schema", "json_schema": {"schema": …}}`, shown to small models in the prompt, too).

    Raises, on use:
        InvalidInput: the prompt is longer than the context, holds no message or anything but text, or an option is
            unknown or its schema not valid.
        ChargehandError: what the gateway raises.
    """

    reference: str
    provider: str
    context_tokens: int
    gateway: Any
    """`tools.serving.gateway.Gateway`, or what streams as it does."""

    @property
    def _llm_type(self) -> str:
        return "chargehand"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.reference}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise RuntimeError("The gateway lives in an event loop: use ainvoke or astream.")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        caller, answered = current_caller(), False
        body = self._body(messages, stop, kwargs)
        request = ModelRequest(caller, self.reference, "chat/completions", body, sticky_key=caller.principal)
        answer = await cast("Gateway", self.gateway).stream(request)
        async with aclosing(answer.chunks) as chunks:
            async for chunk in chunks:
                piece = _read_chunk(chunk)
                if piece is None:
                    continue
                answered = True
                if run_manager:
                    await run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece
        if not answered:
            raise Unavailable(f"The model {self.reference} gave no answer.", "Ask again.")

    def _body(self, messages: Sequence[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]) -> Json:
        unknown = options.keys() - _OPTIONS
        if unknown:
            known = ", ".join(sorted({*_OPTIONS, "stop"}))
            raise InvalidInput(f"No model takes {', '.join(sorted(unknown))}.", f"Options: {known}.")
        schema = schema_of(options.get("response_format"))
        shown = show_schema(messages, schema) if schema and self.provider in _SHOWN_SCHEMA else messages
        worded = self._worded(shown)
        given = {name: value for name, value in options.items() if value is not None}
        stops = {"stop": stop} if stop else {}
        return {**_DEFAULTS.get(self.provider, {}), **given, **stops, "messages": worded}

    def _worded(self, messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
        """Messages as roles and text."""
        if not messages:
            raise InvalidInput("The prompt holds no message.", "Give at least one.")
        worded = [{"role": _role_of(message), "content": message.text} for message in messages]
        if self.provider == "local":
            # Marks of the chat template inside a text are broken, so that no text opens a new turn.
            worded = [{**one, "content": _CHAT_MARKS.sub(r"< |\1| >", one["content"])} for one in worded]
        if self.provider == "ollama":
            self._require_room(worded)
        return worded

    def _require_room(self, worded: Sequence[Mapping[str, str]]) -> None:
        tokens = sum(estimate_tokens(message["content"]) + 8 for message in worded)
        if tokens > self.context_tokens:
            raise InvalidInput(
                f"The prompt has about {tokens} tokens; {self.reference} reads {self.context_tokens}.",
                "Shorten it: Ollama would cut its beginning silently.",
            )


def schema_of(response_format: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """The JSON schema inside an OpenAI `response_format`; None when it carries none."""
    if not response_format:
        return None
    envelope = response_format.get("json_schema", response_format)
    schema = cast("Mapping[str, object]", envelope).get("schema") if isinstance(envelope, Mapping) else None
    return cast("Mapping[str, object]", schema) if isinstance(schema, Mapping) else None


def show_schema(messages: Sequence[BaseMessage], schema: Mapping[str, object]) -> list[BaseMessage]:
    """The messages with the schema added to the system message, which is made when there is none.

    Constrained decoding binds a model to a schema that it has not seen.
    """
    compact = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    order = f"Answer with one JSON object that fits this JSON schema, and nothing else:\n{compact}"
    if messages and isinstance(messages[0], SystemMessage):
        return [SystemMessage(f"{messages[0].text}\n\n{order}"), *messages[1:]]
    return [SystemMessage(order), *messages]


def estimate_tokens(text: str) -> int:
    """Upper estimate of the tokens in a text without its tokenizer: three Latin characters each, other script one.

    English takes about 4 characters a token, Chinese 1 to 1.5; so this errs on the side of too many.
    """
    plain = sum(character.isascii() for character in text)
    return ceil(plain / 3) + len(text) - plain


def _role_of(message: BaseMessage) -> str:
    role = _ROLES.get(message.type)
    blocks = message.content if isinstance(message.content, list) else []
    if role is None or any(isinstance(block, dict) and block.get("type") != "text" for block in blocks):
        raise InvalidInput("The hub's own model reads text only.", "Leave out images, files and other content.")
    return role


def _read_chunk(chunk: Json) -> ChatGenerationChunk | None:
    """A chunk of an answer as LangChain words it; None where it brings neither text nor an end nor usage."""
    choices = cast("Sequence[Mapping[str, Any]]", chunk.get("choices") or ())
    choice: Mapping[str, Any] = choices[0] if choices else {}
    text = (choice.get("delta") or {}).get("content") or ""
    finish, usage = choice.get("finish_reason"), cast("Mapping[str, int] | None", chunk.get("usage"))
    if not text and not finish and not usage:
        return None
    message = AIMessageChunk(content=text)
    if usage:
        read, wrote = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
        message.usage_metadata = {"input_tokens": read, "output_tokens": wrote, "total_tokens": read + wrote}
    details = {"finish_reason": finish, "model_name": chunk.get("model")} if finish else None
    return ChatGenerationChunk(message=message, generation_info=details)
