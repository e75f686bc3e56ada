"""Chat models of a device that say what a test wrote for them."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge.kernel.errors import OutOfTime, PromptTooLong
from edge.runtime.port import Message, Reply

__all__ = ["ScriptedChat", "call", "final"]

Said = str | Exception | Callable[[Sequence[Message]], str]


def call(tool: str, **arguments: Any) -> str:
    """What a model writes to call a tool."""
    return json.dumps({"tool": tool, "arguments": arguments})


def final(answer: str) -> str:
    """What a model writes to answer."""
    return call("final_answer", answer=answer)


class ScriptedChat:
    """Says one text after another, in pieces of eight characters; an exception is raised in the place of a text.

    Args:
        seconds: that each answer takes, by the clock that `wait` moves on.

    Attributes:
        asked: the messages of each request.
        schemas: what each answer was to fit.
    """

    def __init__(
        self,
        *said: Said,
        name: str = "scripted",
        context_tokens: int = 2048,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self.asked: list[list[Message]] = []
        self.schemas: list[Mapping[str, Any] | None] = []
        self.written: list[str] = []
        self._said = list(said)
        self._wait = wait
        self.seconds = 0.0

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content) // 3 + 5 for message in messages)

    def chat(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 256,
        temperature: float = 0.0,
        timeout_s: float = 60.0,
        stop_when: Callable[[str], bool] | None = None,
    ) -> Reply:
        counted = self.count_tokens(messages)
        if counted > self.context_tokens - 16:
            raise PromptTooLong(counted, self.context_tokens)
        self.asked.append(list(messages))
        self.schemas.append(schema)
        said = self._said.pop(0) if self._said else "no more was written for this model"
        if isinstance(said, Exception):
            raise said
        if self.seconds:
            self._wait(min(self.seconds, timeout_s))
            if self.seconds > timeout_s:
                raise OutOfTime(f"{self.name} did not answer within {timeout_s:g} s.")
        text = said if isinstance(said, str) else said(messages)
        shown = ""
        for at in range(0, len(text), 8):
            shown = text[: at + 8]
            if stop_when is not None and stop_when(shown):
                self.written.append(shown)
                return Reply(shown, counted, len(shown) // 3, "cancelled", 0.0)
            if len(shown) // 3 >= max_tokens:
                self.written.append(shown)
                return Reply(shown, counted, max_tokens, "length", 0.0)
        self.written.append(shown)
        return Reply(text, counted, len(text) // 3, "stop", 0.0)
