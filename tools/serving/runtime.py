"""The port of a model runtime, in the words of OpenAI's HTTP API, and a request as one version gets it.

A runtime serves *versions*. What travels is the JSON of OpenAI's API, as mappings: all three kinds of runtime speak it,
and a gateway that unpacked and packed every token would only lose what it does not know.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Json = Mapping[str, Any]
"""A JSON object."""

Endpoint = Literal["chat/completions", "completions", "embeddings"]
"""What a version is asked to do, by its path under `/v1`."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter in a GGUF file; `scale` 1.0 applies it as it was trained."""

    path: Path
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """What a runtime must know to serve one version of a model.

    Attributes:
        id: the version's id; unique on the hub.
        model: the runtime's own name of the model, such as `phi4-mini`; one that is created gets this name.
        weights: GGUF file, where the runtime is to load or create the model from a file.
        context_tokens: prompt and answer together.
        sends_context: `context_tokens` goes with each request, for a runtime whose own default may be smaller (Ollama).
        slots: requests that are answered at a time.
        system: the version's system prompt, for requests that bring none.
        defaults: options of OpenAI's API that requests may leave out, such as `temperature`.
        embeds: it makes vectors instead of text.
        reads_images: its prompts may hold pictures.
        fingerprint: that answers of a remote model must have, where they have any; empty for any.
    """

    id: str
    model: str
    weights: Path | None = None
    adapters: tuple[Adapter, ...] = ()
    context_tokens: int = 4096
    sends_context: bool = False
    slots: int = 2
    system: str = ""
    defaults: Json = field(default_factory=dict[str, Any])
    embeds: bool = False
    reads_images: bool = False
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class RuntimeModel:
    """A model that a runtime has now. `loaded`: it is in memory; None where the runtime does not say."""

    name: str
    loaded: bool | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull or a creation is; sizes in bytes, None where unknown."""

    stage: str
    done_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a runtime answers, and why not."""

    up: bool
    detail: str = ""


def ignore(_progress: Progress) -> None:
    """Take progress and do nothing with it."""


class Runtime(Protocol):
    """What serves models. Safe to use from any number of tasks of one event loop.

    Every method that asks the runtime raises `Unavailable` (it does not answer), `NotFound` (it has no such model),
    `InvalidInput` (it does not accept the request) and `StorageFailed` (it has no room).
    """

    @property
    def name(self) -> str:
        """The word before the colon in `runtime:model`."""
        ...

    async def health(self) -> Health:
        """Whether it answers; raises nothing."""
        ...

    async def models(self) -> Sequence[RuntimeModel]:
        """What it has now."""
        ...

    async def ensure(self, version: ServedVersion, on_progress: Callable[[Progress], None] = ignore) -> None:
        """Have the version's model: pulled, or created from weights and adapters. Does nothing where it is there."""
        ...

    async def warm(self, version: ServedVersion) -> None:
        """Load it into memory, so that the next request need not wait."""
        ...

    async def unload(self, version: ServedVersion) -> None:
        """Free its memory; the next request loads it again. Does nothing where it is not loaded."""
        ...

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        """The whole answer. Cancelling the call stops the model.

        Raises:
            Interrupted: the runtime died, or broke off, in the middle.
        """
        ...

    def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        """The answer's chunks as they come, the last with `usage` where the runtime counts. Closing stops the model.

        Raises:
            Interrupted: the runtime died, or the answer ended without saying that it is whole.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and processes."""
        ...


def prepare(version: ServedVersion, endpoint: Endpoint, body: Json, *, stream: bool = False) -> dict[str, Any]:
    """The body to send: the runtime's name of the model, the version's defaults and system prompt.

    The caller's own options and system message win. A stream is always asked for its usage, which is how tokens are
    counted; whoever passes it on drops the usage where the caller did not ask.
    """
    prepared = {**version.defaults, **{name: value for name, value in body.items() if value is not None}}
    prepared["model"] = version.model
    prepared.pop("stream", None)
    prepared.pop("stream_options", None)
    if endpoint == "embeddings":
        return prepared
    if "max_completion_tokens" in prepared:
        # The newer name wins over the older one, which more servers know.
        prepared["max_tokens"] = prepared.pop("max_completion_tokens")
    if stream:
        prepared |= {"stream": True, "stream_options": {"include_usage": True}}
    if endpoint == "chat/completions" and version.system and not _brings_system(prepared):
        prepared["messages"] = [{"role": "system", "content": version.system}, *prepared["messages"]]
    return prepared


def _brings_system(body: Json) -> bool:
    return any(message.get("role") in {"system", "developer"} for message in body["messages"])
