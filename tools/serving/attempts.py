"""Attempt of a request at one version: limits of time, latency, outcome, usage record."""

import asyncio
import re
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from edge.kernel.errors import CallerError, ChargehandError, NotFound, OutOfTime
from tools.serving.metering import Caller, UsageRecord
from tools.serving.routing import Backend
from tools.serving.runtime import Endpoint, Json

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request, as the gateway serves it.

    Attributes:
        model: a target, an alias, a version or a runtime's model.
        body: what a runtime gets, without its name of the model.
        sticky_key: keeps its version.
        shows_images: the prompt holds pictures.
    """

    caller: Caller
    model: str
    endpoint: Endpoint
    body: Json
    sticky_key: str
    shows_images: bool = False


@dataclass(frozen=True, slots=True)
class Mode:
    """Which attempt it is, counted from 1, and how it is made; see `UsageRecord`."""

    number: int = 1
    streamed: bool = False
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """How long one attempt may take, seconds. Loading a model counts.

    Attributes:
        first_token_s: until the first text of a stream.
        next_token_s: longest silence after that.
        whole_s: a whole answer, streamed or not.
    """

    first_token_s: float = 60.0
    next_token_s: float = 30.0
    whole_s: float = 300.0


class Attempt:
    """Measures one attempt. Call `finish` once, whatever happens; a second call does nothing.

    Args:
        label: of the arm.
        keep: takes the row; called once.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        request: ModelRequest,
        target: str,
        label: str,
        backend: Backend,
        mode: Mode,
        keep: Callable[[UsageRecord], None],
        clock: Callable[[], float],
    ) -> None:
        self._request = request
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
        """End the attempt; returns the tokens that it used, prompt and completion."""
        usage = self._usage or {}
        prompt = int(usage.get("prompt_tokens") or 0)
        completion = int(usage.get("completion_tokens") or 0) if self._usage else self._pieces
        if self._finished:
            return prompt + completion
        self._finished = True
        outcome, failed = attempt_outcome(error)
        price = self._backend.price
        record = UsageRecord(
            id=uuid.uuid4().hex,
            tenant=self._request.caller.tenant,
            principal=self._request.caller.principal,
            target=self._target,
            version=self._label,
            runtime=self._backend.runtime,
            endpoint=self._request.endpoint,
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
        self._keep(record)
        return prompt + completion


def attempt_outcome(error: BaseException | None) -> tuple[str, bool]:
    """(outcome, whether it speaks against the version) of an attempt that ended so; None ended well."""
    if error is None:
        return "done", False
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "cancelled", False
    # A runtime that lacks the version's model is the version's failure; whatever else the caller did is not.
    return _kind(error), isinstance(error, NotFound) or not isinstance(error, CallerError)


def has_text(chunk: Json) -> bool:
    """Whether a chunk of a stream brings anything that was generated."""
    for choice in cast("list[dict[str, Any]]", chunk.get("choices") or ()):
        delta = cast("dict[str, Any]", choice.get("delta") or {})
        generated = ("content", "reasoning_content", "reasoning", "tool_calls")
        if choice.get("text") or any(delta.get(name) for name in generated):
            return True
    return False


async def opening_of(source: AsyncGenerator[Json], attempt: Attempt) -> list[Json]:
    """The chunks up to the first that brings text; all of them, where none does."""
    opening: list[Json] = []
    async for chunk in source:
        attempt.read(chunk)
        opening.append(chunk)
        if has_text(chunk):
            break
    return opening


async def within(limit_s: float, work: Awaitable[Result], backend: Backend) -> Result:
    """Raises OutOfTime: the work took longer than `limit_s`; it was cancelled."""
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise OutOfTime(f"{backend.version.id} did not go on within {limit_s:g} s.", "Try again.") from error


def _kind(error: BaseException) -> str:
    """The error's class in the tree, such as "out_of_time"."""
    if not isinstance(error, ChargehandError):
        return "internal"
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
