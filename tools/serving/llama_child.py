"""A child process that serves one version, watched: one that dies is noticed and started again, later each time."""

import asyncio
import contextlib
import json
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from edge.kernel.errors import OutOfTime, Unavailable

__all__ = ["LlamaChild", "backoff_s"]

_log = logging.getLogger(__name__)

_PROGRAM = Path(__file__).with_name("llama_server.py")
_START_LIMIT_S = 120.0
_STOP_LIMIT_S = 5.0
_LASTED_S = 60.0
"""A process that lived for so long is no longer counted as failing."""


def backoff_s(failures: int) -> float:
    """Pause before the next start after so many failures in a row, >= 1: 0.5 s, doubled each time, at most 30 s."""
    return min(30.0, 0.5 * 2.0 ** (min(failures, 16) - 1))


class LlamaChild:
    """One llama.cpp server in a process of its own.

    Args:
        label: the version, for messages.
        configuration: fields of `llama_server.LlamaOptions`.
        sleep: waits for the back-off.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        label: str,
        configuration: Mapping[str, Any],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.label = label
        self.url = ""
        """Where it listens; empty while it does not run."""
        self.deaths = 0
        """How often it died by itself."""
        self._configuration = configuration
        self._sleep = sleep
        self._clock = clock or asyncio.get_running_loop().time
        self._process: Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._failures = 0
        self._waits = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.url else None

    async def start(self) -> None:
        """Start the process and its supervisor; returns once it listens.

        Raises:
            Unavailable: llama.cpp is not installed, cannot load the files, or died while it loaded.
                OutOfTime: it did not load within two minutes.
        """
        await self._launch()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervisor of {self.label}")

    def require(self) -> str:
        """The URL of the running server.

        Raises:
            Unavailable: it died and is not back yet.
        """
        if not self.url:
            when = "after a pause" if self._waits else "now"
            raise Unavailable(f"The process of {self.label} died; it starts again {when}.", "Try again in a moment.")
        return self.url

    async def stop(self) -> None:
        """End the supervisor and the process; it is killed where it does not end by itself."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        self.url = ""
        process, self._process = self._process, None
        if process is not None:
            await _end(process)

    async def _launch(self) -> None:
        # -P: the program's folder has modules named as packages are, such as `ollama`. A session of its own: Ctrl-C
        # in a terminal is for the hub, which then ends its processes in order.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", str(_PROGRAM), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
        told: dict[str, str] = {}
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                told = await _introduce(self._process, self._configuration)
        except TimeoutError as error:
            raise OutOfTime(f"llama.cpp did not load {self.label} in time.", "Choose a smaller model.") from error
        finally:
            if "url" not in told:
                process, self._process = self._process, None
                await _end(process)
        if "url" not in told:
            why = told.get("error", "it died while it loaded")
            raise Unavailable(f"llama.cpp cannot serve {self.label}: {why}", "Check that its files are whole.")
        self.url = told["url"]

    async def _supervise(self) -> None:
        while True:
            begun = self._clock()
            if self._process is not None:
                code = await self._process.wait()
                self.url = ""
                self.deaths += 1
                self._failures = 1 if self._clock() - begun > _LASTED_S else self._failures + 1
                _log.warning("the process of %s died with code %s", self.label, code)
            self._waits = True
            await self._sleep(backoff_s(self._failures))
            self._waits = False
            try:
                await self._launch()
            except (Unavailable, OutOfTime) as error:
                self._failures += 1
                _log.warning("the process of %s does not start: %s", self.label, error)


async def _introduce(process: Process, configuration: Mapping[str, Any]) -> dict[str, str]:
    """Tell the child what to serve; what it tells back, empty when it died."""
    assert process.stdin is not None  # noqa: S101 # nosec B101: a pipe was asked for
    assert process.stdout is not None  # noqa: S101 # nosec B101: as above
    with contextlib.suppress(ConnectionError, RuntimeError):  # it died already (uvloop says RuntimeError)
        process.stdin.write(json.dumps(configuration).encode() + b"\n")
        await process.stdin.drain()
    while line := await process.stdout.readline():
        if line.startswith(b"{"):
            return json.loads(line)
    return {}


async def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
