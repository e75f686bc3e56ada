"""The model gateway: admission, routing, fallback to the next version, metering, shadow traffic."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from edge.kernel.errors import CallerError, ChargehandError, InvalidInput, NotFound, OutOfTime, Unavailable
from tools.rollouts.targets import Arm
from tools.serving.attempts import Attempt, AttemptLimits, Mode, ModelRequest, opening_of, within
from tools.serving.metering import UsageWriter
from tools.serving.rate_limits import Admission, Ticket
from tools.serving.routing import Backend, Deployments, Traffic, attempt_order, configured
from tools.serving.runtime import Json, Runtime, ServedVersion

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, and the version that gave it."""

    version: str
    body: Json


@dataclass(frozen=True, slots=True)
class AnswerStream:
    """An answer as it comes, from its first text on. `chunks` must be closed; closing stops the model."""

    version: str
    chunks: AsyncGenerator[Json]


class ShadowTraffic:
    """Copies of requests, run beside them. A copy never delays its request, and is left out when `most` run already.

    Args:
        limit_s: longest run of a copy, seconds.
        draw: a number in [0, 1) for each request, which decides whether it is mirrored.
    """

    def __init__(self, most: int = 4, limit_s: float = 300.0, draw: Callable[[], float] = random.random) -> None:
        self.left_out = 0
        """Copies that were not made, because too many ran."""
        self.limit_s = limit_s
        self._most = most
        self._draw = draw
        self._running: set[asyncio.Task[None]] = set()

    def mirror(self, shadow: Arm, copy: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a copy, for the shadow's weight in percent of all requests; returns at once."""
        if self._draw() * 100 >= shadow.weight:
            return
        if len(self._running) >= self._most:
            self.left_out += 1
            return
        task = asyncio.create_task(copy(), name=f"shadow {shadow.version}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Wait for the copies that run."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def close(self) -> None:
        """Stop the copies that run."""
        for task in list(self._running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class Gateway:
    """Serves requests for the models of one hub.

    Args:
        runtimes: by name.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        deployments: Deployments,
        runtimes: Mapping[str, Runtime],
        admission: Admission,
        meter: UsageWriter,
        shadows: ShadowTraffic,
        limits: AttemptLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.deployments = deployments
        self.runtimes = runtimes
        self._admission = admission
        self._meter = meter
        self._shadows = shadows
        self._limits = limits or AttemptLimits()
        self._clock = clock

    async def complete(self, request: ModelRequest) -> Answer:
        """Answer as a whole.

        Raises:
            NotFound: there is no such model, or no runtime has it.
            LimitReached, NotAllowed: the tenant may not ask now.
            InvalidInput: no version of the target can do this.
            Unavailable, Interrupted, OutOfTime: every version that was tried failed so; the last one's failure.
        """
        ticket, traffic = await self._admit(request)
        used = 0

        async def answer(arm: Arm, number: int) -> Answer:
            nonlocal used
            backend, runtime = await self._served(request, traffic, arm, Mode(number))
            attempt = self._attempt(request, traffic, arm, backend, Mode(number))
            try:
                body = await within(
                    self._limits.whole_s, runtime.complete(backend.version, request.endpoint, request.body), backend
                )
                attempt.read(body)
            except BaseException as error:
                used += attempt.finish(error)
                raise
            used += attempt.finish()
            return Answer(backend.version.id, {**body, "model": backend.version.id})

        try:
            return await self._first_that_answers(request, traffic, answer, streamed=False)
        finally:
            ticket.release(used)

    async def stream(self, request: ModelRequest) -> AnswerStream:
        """Answer as a stream; returns once there is a first text, so that until then another version may stand in.

        Raises:
            As `complete`; the stream itself raises what ends it half-way.
        """
        ticket, traffic = await self._admit(request)

        async def begin(arm: Arm, number: int) -> AnswerStream:
            backend, runtime = await self._served(request, traffic, arm, Mode(number, streamed=True))
            attempt = self._attempt(request, traffic, arm, backend, Mode(number, streamed=True))
            source = runtime.stream(backend.version, request.endpoint, request.body)
            ends_at = self._clock() + self._limits.whole_s
            try:
                opening = await within(self._limits.first_token_s, opening_of(source, attempt), backend)
            except BaseException as error:
                attempt.finish(error)
                await source.aclose()
                raise
            chunks = self._rest(source, opening, attempt, ticket, backend, ends_at)
            await anext(chunks)  # to its first yield, so that closing it always ends the attempt
            return AnswerStream(backend.version.id, chunks)

        try:
            return await self._first_that_answers(request, traffic, begin, streamed=True)
        except BaseException:
            ticket.release(0)
            raise

    async def _admit(self, request: ModelRequest) -> tuple[Ticket, Traffic]:
        self._meter.require_room()
        traffic = await self.deployments.traffic(request.caller.tenant, request.model)
        return await self._admission.admit(request.caller.tenant), traffic

    async def _first_that_answers(
        self,
        request: ModelRequest,
        traffic: Traffic,
        attempt: Callable[[Arm, int], Awaitable[Result]],
        *,
        streamed: bool,
    ) -> Result:
        """Try the versions in their order until one answers; the request's own faults end it at once."""
        failure: ChargehandError = Unavailable(
            f"{traffic.target} serves no version now: all its weights are 0.", "Give a version some weight."
        )
        if traffic.shadow is not None:
            self._shadows.mirror(traffic.shadow, partial(self._copy, request, traffic, traffic.shadow, streamed))
        for number, arm in enumerate(attempt_order(traffic, request.sticky_key), start=1):
            try:
                return await attempt(arm, number)
            except ChargehandError as error:
                if isinstance(error, CallerError) and not isinstance(error, NotFound):
                    raise
                failure = error
        raise failure

    async def _copy(self, request: ModelRequest, traffic: Traffic, shadow: Arm, streamed: bool) -> None:
        """Ask the shadow, too, and as the request asks: its answer is thrown away, its usage counted apart."""
        mode = Mode(1, streamed, shadow=True)
        try:
            backend, runtime = await self._served(request, traffic, shadow, mode)
        except ChargehandError as error:
            _log.warning("the shadow %s of %s is not served: %s", shadow.version, traffic.target, error)
            return
        attempt = self._attempt(request, traffic, shadow, backend, mode)
        try:
            async with asyncio.timeout(self._shadows.limit_s):
                if streamed:
                    async with aclosing(runtime.stream(backend.version, request.endpoint, request.body)) as chunks:
                        async for chunk in chunks:
                            attempt.read(chunk)
                else:
                    attempt.read(await runtime.complete(backend.version, request.endpoint, request.body))
        except ChargehandError as error:
            attempt.finish(error)
        except TimeoutError:
            attempt.finish(OutOfTime(f"{shadow.version} did not answer in time."))
        except BaseException as error:
            attempt.finish(error)
            raise
        else:
            attempt.finish()

    async def _served(self, request: ModelRequest, traffic: Traffic, arm: Arm, mode: Mode) -> tuple[Backend, Runtime]:
        """Where an arm is served, with the arm's configuration; that it is not served is an attempt that failed."""
        try:
            return await self._find_served(request, arm)
        except ChargehandError as error:
            nowhere = Backend(ServedVersion(arm.version, arm.version), "")
            self._attempt(request, traffic, arm, nowhere, mode).finish(error)
            raise

    async def _find_served(self, request: ModelRequest, arm: Arm) -> tuple[Backend, Runtime]:
        backend = await self.deployments.backend(request.caller.tenant, arm.version)
        runtime = self.runtimes.get(backend.runtime)
        if runtime is None:
            raise Unavailable(f"The hub has no runtime {backend.runtime}, which serves {arm.version}.", "Configure it.")
        if request.shows_images and not backend.version.reads_images:
            raise InvalidInput(f"{arm.version} reads text only.", "Leave out pictures.")
        return configured(backend, arm.configuration), runtime

    def _attempt(self, request: ModelRequest, traffic: Traffic, arm: Arm, backend: Backend, mode: Mode) -> Attempt:
        return Attempt(request, traffic.target, arm.key, backend, mode, self._meter.record, self._clock)

    async def _rest(
        self,
        source: AsyncGenerator[Json],
        opening: list[Json],
        attempt: Attempt,
        ticket: Ticket,
        backend: Backend,
        ends_at: float,
    ) -> AsyncGenerator[Json]:
        """The chunks, each with the version as its model; whatever ends them is counted. Its first item is empty."""
        model = {"model": backend.version.id}
        failure: BaseException | None = None
        try:
            yield {}
            for chunk in opening:
                yield {**chunk, **model}
            async with aclosing(source):
                while True:
                    limit = min(self._limits.next_token_s, ends_at - self._clock())
                    chunk = await within(limit, anext(source, None), backend)
                    if chunk is None:
                        break
                    attempt.read(chunk)
                    yield {**chunk, **model}
        except BaseException as error:
            failure = error
            raise
        finally:
            ticket.release(attempt.finish(failure))
            await source.aclose()
