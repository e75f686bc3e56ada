"""One try of one version: what it took, and how it ended, for the meter."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from edge.kernel.errors import CallerError, NotFound
from server.gateway.ports import Backend, Use
from server.outcomes import outcome_of
from tools.runtimes.port import Endpoint, Json

__all__ = ["Asked", "Attempt", "Mode", "has_text", "outcome_of_try"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as the gateway serves it.

    Attributes:
        model: a target, an alias, a version or a runtime's model.
        body: what a runtime gets, without its name of the model.
        sticky_key: keeps its version.
        shows_images: the prompt holds pictures.
    """

    tenant: str
    principal: str
    model: str
    endpoint: Endpoint
    body: Json
    sticky_key: str
    shows_images: bool = False


@dataclass(frozen=True, slots=True)
class Mode:
    """Which try it is, counted from 1, and how it is made; see `Use`."""

    number: int = 1
    streamed: bool = False
    shadow: bool = False


class Attempt:
    """Measures one try. Call `finish` once, whatever happens; a second call does nothing.

    Args:
        label: of the arm.
        keep: takes the row; called once.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        asked: Asked,
        target: str,
        label: str,
        backend: Backend,
        mode: Mode,
        keep: Callable[[Use], None],
        clock: Callable[[], float],
    ) -> None:
        self._asked = asked
        self._target = target
        self._label = label
        self._backend = backend
        self._mode = mode
        self._keep = keep
        self._clock = clock
        self._begun = clock()
        self._started_at = datetime.now(UTC)
        self._first_token_s: float | None = None
        self._pieces = 0
        self._usage: Json | None = None
        self._finished = False

    def read(self, answer: Json) -> None:
        """Look at an answer, or at one chunk of a stream."""
        usage = answer.get("usage")
        if isinstance(usage, dict):
            self._usage = cast("dict[str, Any]", usage)
        if self._mode.streamed and has_text(answer):
            self._pieces += 1
            if self._first_token_s is None:
                self._first_token_s = self._clock() - self._begun

    def finish(self, error: BaseException | None = None) -> int:
        """End the try; returns the tokens that it used, prompt and completion."""
        usage = self._usage or {}
        prompt = int(usage.get("prompt_tokens") or 0)
        completion = int(usage.get("completion_tokens") or 0) if self._usage else self._pieces
        if self._finished:
            return prompt + completion
        self._finished = True
        outcome, failed = outcome_of_try(error)
        price = self._backend.price
        use = Use(
            id=uuid.uuid4().hex,
            tenant=self._asked.tenant,
            principal=self._asked.principal,
            target=self._target,
            version=self._label,
            runtime=self._backend.runtime,
            endpoint=self._asked.endpoint,
            started_at=self._started_at,
            latency_s=self._clock() - self._begun,
            first_token_s=self._first_token_s,
            prompt_tokens=prompt,
            completion_tokens=completion,
            estimated=self._usage is None,
            cost_usd=(prompt * price.prompt + completion * price.completion) / 1e6,
            outcome=outcome,
            failed=failed,
            streamed=self._mode.streamed,
            attempt=self._mode.number,
            shadow=self._mode.shadow,
        )
        self._keep(use)
        return prompt + completion


def outcome_of_try(error: BaseException | None) -> tuple[str, bool]:
    """(outcome, whether it speaks against the version) of a try that ended so; None ended well."""
    if error is None:
        return "done", False
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "cancelled", False
    # A runtime that lacks the version's model is the version's failure; whatever else the caller did is not.
    return outcome_of(error).code, isinstance(error, NotFound) or not isinstance(error, CallerError)


def has_text(chunk: Json) -> bool:
    """Whether a chunk of a stream brings anything that was generated."""
    for choice in cast("list[dict[str, Any]]", chunk.get("choices") or ()):
        delta = cast("dict[str, Any]", choice.get("delta") or {})
        generated = ("content", "reasoning_content", "reasoning", "tool_calls")
        if choice.get("text") or any(delta.get(name) for name in generated):
            return True
    return False
