"""The agent while it runs: loops that sync, keep the model, run jobs, answer the hub's questions and take measurements.

Each loop goes on by itself, so that a slow model holds up neither the sync nor another's job. What a loop cannot do now
is logged and tried again; what nobody expected ends the process, and whoever keeps it running starts it again: nothing
is kept in memory that would be lost by that. systemd gets a heartbeat (sd_notify(3)).
"""

import asyncio
import logging
import os
import random
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from edge.device import Device
from edge.kernel.errors import ChargehandError, HubRefused, LinkFailed, NotFound, StorageFailed, Untrusted
from edge.kernel.protocol.desired import ItemKind


class Notifier:
    """Sends states such as "READY=1" to the socket that systemd named.

    Args:
        address: of the socket, `NOTIFY_SOCKET`; None for nobody.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address

    def notify(self, state: str) -> None:
        """Send it once; nothing where there is no address. Raises OSError: the socket is gone."""
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(state.encode())


def watchdog_interval_s() -> float | None:
    """Half of the time within which systemd wants to hear of us; None where it does not."""
    given = os.environ.get("WATCHDOG_USEC", "")
    return int(given) / 2e6 if given.isdigit() and int(given) > 0 else None


_log = logging.getLogger(__name__)

_TICK_S = 1.0
_REFUSED_S = 900.0
"""When to ask a hub again that refused to talk to this device."""
_URGENT_S = 1.0
"""An alert or an answer does not wait for the next regular exchange longer than this."""
_JOBS_AT_ONCE = 2


class Daemon:
    """Runs one device until it is told to stop.

    Args:
        device: opened by this process alone.
        uniform: random numbers in [0, 1), for back-off.
    """

    def __init__(self, device: Device, notifier: Notifier, uniform: Callable[[], float] = random.random) -> None:
        self._device = device
        self._notifier = notifier
        self._backoff = Backoff(uniform, longest_s=device.settings.longest_wait_s)
        self._logged: dict[str, str] = {}
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="edge")
        self._model_wakes = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. What runs in threads then is left to end with the process."""
        device = self._device
        try:
            device.take_jobs()
        except StorageFailed as error:  # it reads and answers on a full disk, too; taken again at the next change
            _log.warning("The jobs could not be taken: %s", error)
        repeated: list[tuple[str, Callable[[], Any], Callable[[Any], float]]] = [
            ("schedules", device.jobs.due, lambda _: _TICK_S),
            *[("a job", device.jobs.run_next, _pause_after_job)] * _JOBS_AT_ONCE,
            ("a knowledge pack", device.fetch_packs, lambda _: 5 * _TICK_S),
            ("a question", device.answer_questions, lambda _: _TICK_S),
            ("reminders", device.remind, lambda _: 5 * _TICK_S),
            (
                "measurements",
                device.measure,
                lambda _: device.chosen_s("report.every_s", device.settings.telemetry_every_s),
            ),
        ]
        loops = [
            self._synchronise(),
            self._keep_model(),
            self._stay_watched(),
            *(self._repeat(*one) for one in repeated),
        ]
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        stopped = asyncio.ensure_future(stop.wait())
        self._notifier.notify("READY=1")
        try:
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
        finally:
            self._notifier.notify("STOPPING=1")
            stopped.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _synchronise(self) -> None:
        while True:
            wait_s = await self._exchange()
            if self._backoff.failures:
                await asyncio.sleep(wait_s)
            else:
                await _at_most(wait_s, self._something_urgent())

    async def _exchange(self) -> float:
        """One exchange with the hub. Returns seconds until the next."""
        try:
            report = await self._device.exchange()
        except NotFound:  # not enrolled yet
            return 10.0
        except LinkFailed as error:
            wait_s = self._backoff.failed()
            _log.info("%s Again in %.0f s.", error.message, wait_s)
            return wait_s
        except HubRefused as error:
            _log.warning("The hub refused: %s", error)
            return _REFUSED_S
        except (Untrusted, StorageFailed) as error:
            _log.warning("%s", error)
            return max(5.0, self._backoff.failed())
        self._backoff.succeeded()
        self._act_on(report.changed)
        return 0.0 if report.at_once else self._backoff.spread(self._device.chosen_s("sync.every_s", report.next_s))

    def _act_on(self, changed: frozenset[ItemKind]) -> None:
        if "job" in changed:
            self._device.take_jobs()
        if "model" in changed:
            self._model_wakes.set()

    async def _something_urgent(self) -> None:
        """Returns when an event waits that people want to see now."""
        while not await self._in_thread(self._device.something_urgent):  # noqa: ASYNC110  # another process may record it
            await asyncio.sleep(_URGENT_S)

    async def _keep_model(self) -> None:
        while True:
            moved = await self._guarded("the model", self._device.step_model)
            self._model_wakes.clear()
            if not moved:
                await _at_most(2.0, self._model_wakes.wait())

    async def _repeat(self, what: str, work: Callable[[], Any], pause_s: Callable[[Any], float]) -> None:
        """Do it again and again; the pause after it may depend on what it gave."""
        while True:
            done = await self._guarded(what, work)
            if wait_s := pause_s(done):
                await asyncio.sleep(wait_s)

    async def _stay_watched(self) -> None:
        """The heartbeat: tell systemd that the loop still turns."""
        interval_s = watchdog_interval_s()
        while True:
            self._notifier.notify("WATCHDOG=1")
            await asyncio.sleep(interval_s or 3600.0)

    async def _guarded(self, what: str, work: Callable[[], Any]) -> Any:
        """Do it in a thread. What is expected to fail now and then is logged, and given as None after a pause."""
        try:
            done = await self._in_thread(work)
        except ChargehandError as error:
            level = logging.INFO if isinstance(error, LinkFailed) else logging.WARNING
            if self._logged.get(what) != str(error):  # once, not every few seconds
                _log.log(level, "%s: %s", what, error)
            self._logged[what] = str(error)
        else:
            self._logged.pop(what, None)
            return done
        await asyncio.sleep(5 * _TICK_S)
        return None

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _pause_after_job(ran: Any) -> float:
    """None where one ran: the next may wait already."""
    return 0.0 if ran else _TICK_S


async def _at_most(seconds: float, work: Coroutine[Any, Any, Any]) -> None:
    """Until the work is done, at most so long."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()


_MOST_DOUBLINGS = 60


class Backoff:
    """Retry back-off: exponential, capped, with full jitter (Brooker 2015), counted since the last success.

    Full jitter means any time from 0 to the cap of the attempt, so that devices that lost the same hub at the same
    moment do not come back at the same moment.

    Args:
        uniform: a random number in [0, 1).
        first_s: cap of the first wait, > 0; it doubles with each failure.
        longest_s: no cap is larger.
    """

    def __init__(self, uniform: Callable[[], float], first_s: float = 2.0, longest_s: float = 900.0) -> None:
        self._uniform = uniform
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    @property
    def failures(self) -> int:
        """In a row."""
        return self._failures

    def failed(self) -> float:
        """Seconds to wait now."""
        cap = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
        return cap * self._uniform()

    def succeeded(self) -> None:
        """The next wait begins anew."""
        self._failures = 0

    def spread(self, seconds: float) -> float:
        """A regular wait, up to a tenth shorter or longer, so that devices do not fall into step."""
        return seconds * (0.9 + 0.2 * self._uniform())
