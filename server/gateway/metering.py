"""Usage, kept off the hot path: recording appends to a list, a task writes it in batches."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Self

from edge.kernel.errors import ChargehandError, Unavailable
from server.gateway.ports import UsageSink, Use

__all__ = ["UsageWriter"]

_log = logging.getLogger(__name__)


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
        self._waiting: list[Use] = []
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="usage")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.flush()

    def record(self, use: Use) -> None:
        """Take one row; returns at once."""
        self._waiting.append(use)

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

    def _forget(self, written: list[Use]) -> None:
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
