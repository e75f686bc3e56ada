"""What every chat model does alike: escape control tokens, keep within its context and its time, stop when told to.

A log line or a document that holds `<|im_end|>` must not end its turn and open one of its own: the marks by which chat
templates tell turns apart are broken wherever they stand in a text.
"""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from edge.kernel.errors import OutOfTime, PromptTooLong
from edge.runtime.port import Finish, Message, Reply

_MARKS = re.compile(
    r"<(?=\s?[|\uff5c][^<>|\uff5c]{1,60}[|\uff5c]\s?>)"  # <|im_start|>, <|eot_id|>, and the wide bars of DeepSeek
    r"|<(?=/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|think|tool_call|tool_response)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
    r"|<(?=</?SYS>>)",
    re.IGNORECASE,
)


def without_marks(text: str) -> str:
    """The text with a space inside each mark, so that no tokenizer takes it for one."""
    return _MARKS.sub(lambda found: f"{found[0]} ", text)


def chat_messages(messages: Sequence[Message], system: str = "") -> list[dict[str, str]]:
    """The messages as chat APIs take them. What a tool said comes as the user's: small models' templates know no tools.

    Args:
        system: goes first where the messages bring no system prompt.
    """
    said = [
        {"role": "user" if message.role == "tool" else message.role, "content": without_marks(message.content)}
        for message in messages
    ]
    if system and all(message.role != "system" for message in messages):
        said.insert(0, {"role": "system", "content": system})
    return said


LEAST_ANSWER = 16
"""Tokens that must be left for an answer, or as many as the caller wants at most where that is less."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer. The last one has `finish`, and the counts where the runtime tells them."""

    text: str
    finish: Finish | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def room_for_answer(prompt_tokens: int, context_tokens: int, max_tokens: int) -> int:
    """Tokens that the answer may have. Raises PromptTooLong: that would be too few."""
    limit = context_tokens - min(max_tokens, LEAST_ANSWER)
    if prompt_tokens > limit:
        raise PromptTooLong(prompt_tokens, limit)
    return min(max_tokens, context_tokens - prompt_tokens)


def answer_within(
    pieces: Callable[[], Generator[Piece]],
    prompt_tokens: int,
    timeout_s: float,
    stop_when: Callable[[str], bool] | None,
    model: str,
    monotonic: Callable[[], float] = time.monotonic,
) -> Reply:
    """Gather an answer.

    Args:
        pieces: closing what it gives stops the model; raises TimeoutError where its own time is over.
        prompt_tokens: told where the runtime does not count.

    Raises:
        OutOfTime: the limit passed; the model was stopped.
    """
    begun = monotonic()
    try:
        with closing(pieces()) as stream:
            text, end, count = _gather(stream, stop_when, lambda: monotonic() - begun > timeout_s)
    except TimeoutError as error:
        raise OutOfTime(
            f"{model} did not answer within {timeout_s:g} s.", "Allow more time, or ask shorter."
        ) from error
    written = count if end.output_tokens is None else end.output_tokens
    return Reply(text, end.input_tokens or prompt_tokens, written, end.finish or "stop", monotonic() - begun)


def _gather(
    stream: Iterable[Piece], stop_when: Callable[[str], bool] | None, late: Callable[[], bool]
) -> tuple[str, Piece, int]:
    """The text, its last piece, and how many pieces had text. Raises TimeoutError."""
    text, count = "", 0
    for piece in stream:
        text += piece.text
        count += bool(piece.text)
        if piece.finish is not None:
            return text, piece, count
        if piece.text and stop_when is not None and stop_when(text):
            return text, Piece("", "cancelled"), count
        if late():
            raise TimeoutError
    return text, Piece(""), count


@dataclass(frozen=True, slots=True)
class Asked:
    """One chat as a server is asked for it; `room` is the most tokens of the answer."""

    messages: Sequence[Message]
    schema: Mapping[str, Any] | None
    room: int
    temperature: float
    timeout_s: float


class StreamedChat(ABC):
    """What both runtimes' models do alike: count, leave room, stream, stop. Each says how its server is asked."""

    name: str

    @property
    @abstractmethod
    def context_tokens(self) -> int: ...

    @abstractmethod
    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    @abstractmethod
    def pieces(self, asked: Asked) -> Generator[Piece]:
        """The answer as it comes; raises TimeoutError."""

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
        """As `edge.runtime.port.ChatModel.chat`."""
        counted = self.count_tokens(messages)
        room = room_for_answer(counted, self.context_tokens, max_tokens)
        asked = Asked(messages, schema, room, temperature, timeout_s)
        return answer_within(lambda: self.pieces(asked), counted, timeout_s, stop_when, self.name)
