"""Metering of model use, off the hot path: recording appends to a list, a task writes it in batches."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from edge.kernel.errors import ChargehandError, Unavailable
from tools.serving.runtime import Endpoint

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who uses a model, for which tenant."""

    tenant: str
    principal: str


_LOCAL = Caller("default", "local")
_current: ContextVar[Caller] = ContextVar("current_caller", default=_LOCAL)


def current_caller() -> Caller:
    """Whom the hub's own model use is charged to: of the innermost `charged_to`, else the person at this machine."""
    return _current.get()


@contextmanager
def charged_to(tenant: str, principal: str) -> Generator[None]:
    """Charge what the hub's own models do in this block, and in tasks that are begun in it, to this caller."""
    token = _current.set(Caller(tenant, principal))
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One try of one version, as it is billed and judged.

    Attributes:
        id: unique.
        version: the arm's label: two configurations of one version are counted apart.
        latency_s: from the try's begin to its end.
        first_token_s: from the try's begin to the first text; None where none came or the answer was not streamed.
        estimated: the runtime did not count; `completion_tokens` counts pieces of the stream, `prompt_tokens` is 0.
        outcome: "done", "cancelled" (the client left), or the kind of the error, such as "out_of_time".
        failed: it speaks against the version: neither the client nor the request was the cause.
        attempt: 1 for the version that routing chose, more for those that stood in.
        shadow: the answer was thrown away.
    """

    id: str
    tenant: str
    principal: str
    target: str
    version: str
    runtime: str
    endpoint: Endpoint
    started_at: datetime
    latency_s: float
    first_token_s: float | None
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    cost_usd: float
    outcome: str
    failed: bool
    streamed: bool
    attempt: int
    shadow: bool


class UsageSink(Protocol):
    """Where usage is kept."""

    async def write(self, uses: Sequence[UsageRecord]) -> None:
        """Keep these, all of one tenant, durably; what was kept before, by its id, is left out.

        Raises:
            StorageFailed, Unavailable: try again with the same.
        """
        ...

    async def tokens_since(self, tenant: str, since: datetime) -> int:
        """Tokens, prompt and completion, that the tenant has used since then, without those of shadows."""
        ...


class UsageWriter:
    """Writes usage every `interval_s`: a clean stop loses nothing, a crash at most what came in that interval.

    A sink that fails is tried again with the same rows at the next interval. When `most_waiting` rows wait, requests
    are refused rather than served uncounted.

    Args:
        sleep: waits between two batches.
    """

    def __init__(
        self,
        sink: UsageSink,
        interval_s: float = 1.0,
        most_waiting: int = 50_000,
        batch: int = 1_000,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.interval_s = interval_s
        self._sink = sink
        self._most_waiting = most_waiting
        self._batch = batch
        self._sleep = sleep
        self._waiting: list[UsageRecord] = []
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Write what waits; more may be recorded afterwards. Raises what the sink raises."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.flush()

    def record(self, use: UsageRecord) -> None:
        """Take one row, to be written with others within `interval_s`; returns at once. An event loop must run."""
        self._waiting.append(use)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="usage")

    def require_room(self) -> None:
        """Raises Unavailable: usage cannot be written, so nothing more is served."""
        if len(self._waiting) >= self._most_waiting:
            raise Unavailable("Usage cannot be recorded, so no request is served.", "Check the ledger and its disk.")

    async def flush(self) -> None:
        """Write everything that waits. Raises what the sink raises; the rows then wait on."""
        async with self._writing:
            while self._waiting:
                tenant = self._waiting[0].tenant
                batch = [use for use in self._waiting[: self._batch] if use.tenant == tenant]
                # Shielded: a write that was begun is finished before the rows are counted as written or not.
                write = asyncio.ensure_future(self._sink.write(batch))
                try:
                    await asyncio.shield(write)
                except asyncio.CancelledError:
                    await write
                    self._forget(batch)
                    raise
                self._forget(batch)

    def _forget(self, written: list[UsageRecord]) -> None:
        ids = {use.id for use in written}
        first = self._waiting[: self._batch]
        self._waiting[: self._batch] = [use for use in first if use.id not in ids]

    async def _run(self) -> None:
        while True:
            await self._sleep(self.interval_s)
            try:
                await self.flush()
            except ChargehandError as error:
                _log.warning("%d rows of usage wait: %s", len(self._waiting), error)
