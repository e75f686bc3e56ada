"""What the device asks of whatever runs its language models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Source = Path | str
"""A file, or the digest of one that the runtime has."""

Finish = Literal["stop", "length", "cancelled"]
"""Why an answer ended: the model was done, `max_tokens` were reached, or `stop_when` said so."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        input_tokens: of the prompt, with the template around the messages.
        output_tokens: of the answer; where it was cancelled, of the part that came.
    """

    text: str
    input_tokens: int
    output_tokens: int
    finish: Finish
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that a runtime keeps. `digest` is `sha256:` and 64 hexadecimal digits, of the runtime's own making."""

    name: str
    size_bytes: int
    digest: str


class ChatModel(Protocol):
    """One model of a runtime. Safe to use from several threads; requests wait for each other."""

    @property
    def name(self) -> str:
        """The runtime's name of it."""
        ...

    @property
    def context_tokens(self) -> int:
        """Prompt and answer together."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt that these messages make, never too few. Raises ModelUnavailable."""
        ...

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
        """Answer. Nothing of the prompt is ever cut off.

        Args:
            schema: the answer is JSON that fits it; the caller also puts it into the prompt, since the model does not
                see it. An answer that ends with "length" may be half of it.
            max_tokens: of the answer; fewer where the context has no room for so many.
            timeout_s: for all of it, loading the model included.
            stop_when: sees the text so far after each piece; once it returns True the model stops.

        Raises:
            PromptTooLong: the prompt leaves no room for an answer; nothing was sent.
            ModelUnavailable: the runtime does not answer, lacks the model, or died while it answered.
            OutOfTime: `timeout_s` passed; the model was stopped.
            InvalidInput: the schema is not one that the runtime can follow.
        """
        ...


class Runtime(Protocol):
    """Keeps models by name and runs them. Every method but `available` raises ModelUnavailable."""

    @property
    def name(self) -> Literal["ollama", "llama"]:
        """Which runtime."""
        ...

    def available(self) -> bool:
        """Whether it can be used now; takes at most a second."""
        ...

    def models(self) -> list[InstalledModel]:
        """What it keeps."""
        ...

    def has(self, digest: str) -> bool:
        """Whether it keeps the file of this digest (`sha256:…`) for one of its models, so that none need bring it."""
        ...

    def create(self, name: str, base: Source, adapter: Source | None, configuration: Mapping[str, Any]) -> None:
        """Keep a model under a name, in the place of any other of that name. It does not load it.

        Once this returns the model does not need the files any more. May be killed at any instruction and repeated.

        Args:
            base, adapter: GGUF files, or digests of files that it `has`.
            configuration: "context_tokens" (2048 where it does not say), "system" (a prompt for chats that bring none)
                and "threads" (that compute; the runtime's own choice where it does not say, and 1 is best where the
                processor has other work); other keys are not the runtime's.

        Raises:
            InvalidInput: the runtime cannot make a model of these.
            NotFound: a file is not there, or the runtime has none of a digest.
            StorageFailed: there is no room.
        """
        ...

    def warm(self, name: str) -> None:
        """Load it into memory, so that the next chat need not wait."""
        ...

    def unload(self, name: str) -> None:
        """Free its memory; the next chat loads it again. Does nothing where it is not loaded."""
        ...

    def remove(self, name: str) -> None:
        """Keep it no more. Does nothing where it is not kept."""
        ...

    def chat_model(self, name: str) -> ChatModel:
        """The model of this name. Whether it exists shows when it is used."""
        ...

    def close(self) -> None:
        """Let go of processes and connections."""
        ...
