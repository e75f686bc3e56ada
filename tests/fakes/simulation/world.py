"""What happens to a hub and its devices, and what must hold in the end."""

import asyncio
import itertools
import json
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from edge.kernel.errors import ChargehandError, LinkFailed
from edge.kernel.protocol.desired import state_digest
from edge.outbox import Bounds
from tests.fakes.simulation.devices import Build, SimulatedDevice
from tests.fakes.simulation.hubs import SimulatedHub
from tests.fakes.simulation.links import FaultyLink, LinkFaults
from tests.fakes.simulation.loop import run_virtually
from tests.fakes.simulation.meddlers import Meddler

__all__ = ["Course", "Outcome", "play"]

HOUR = 3600.0
TIGHT = Bounds(audit=60_000, record=9_000, telemetry=9_000, delivered=1 << 20)
FORGETFUL = Bounds(delivered=0)
"""What the hub has is not kept: an acknowledgement that is none would be a loss."""


@dataclass(frozen=True)
class Course:
    """How long it goes wrong, and how often."""

    seed: int
    devices: int = 2
    hours: float = 2.0
    every_s: float = 200.0
    """Between things that happen to the world, on average."""


@dataclass(frozen=True)
class Outcome:
    """What a course was made of."""

    crashes: int
    rounds: int
    received: int
    commits: int
    happened: dict[str, int]


def play(course: Course, hub: SimulatedHub, folder: Path, build: Build | None = None) -> Outcome:
    """Play the course, and check what must hold. Raises AssertionError: it does not."""
    return run_virtually(_World(course, hub, folder, build).play())


class _World:
    def __init__(self, course: Course, hub: SimulatedHub, folder: Path, build: Build | None) -> None:
        self.course, self.hub, self.folder = course, hub, folder
        self.dice = Random(course.seed)
        self.happened: dict[str, int] = {}
        self.hub_down_until = 0.0
        self.hub_full = False
        self.hub_offset_s = 0.0
        self.hub_crash_rate = 0.03
        self.restored_midway = False
        self.backups: list[object] = []
        self.late: set[asyncio.Task[Any]] = set()
        self.contents: dict[str, bytes] = {}
        numbers = itertools.count(1)
        bounds = {1: FORGETFUL, 3: TIGHT}.get(course.seed % 4, Bounds())
        self.devices = [
            SimulatedDevice(
                name, folder, Random(f"{course.seed} {name}"), lambda: next(numbers), hub.enrolled(name), bounds, build
            )
            for name in (f"d{place}" for place in range(course.devices))
        ]
        self.meddlers: list[Meddler] = []
        seen: dict[str, list[bytes]] = {}
        for device in self.devices:
            self.meddlers.append(Meddler(Random(f"{device.dice.random()}"), self._answerer(device), device.hub, seen))
            device.link = FaultyLink(device.dice, self.meddlers[-1], device.die_at, self._keep_late)
            device.crash_rate = 0.015

    async def play(self) -> Outcome:
        self.backups.append(self.hub.backup())
        lives = [asyncio.create_task(device.live()) for device in self.devices]
        try:
            await self._chaos(lives)
            await self._calm()
            await self._converge(lives)
        finally:
            for task in [*lives, *self.late]:
                task.cancel()
            await asyncio.gather(*lives, *self.late, return_exceptions=True)
        for device in self.devices:
            self._check(device)
        return Outcome(
            crashes=sum(device.crashes for device in self.devices),
            rounds=sum(device.rounds for device in self.devices),
            received=sum(len(self.hub.received(device.name)) for device in self.devices),
            commits=sum(device.disk.commits for device in self.devices),
            happened=self.happened,
        )

    async def _chaos(self, lives: list[asyncio.Task[None]]) -> None:
        loop = asyncio.get_running_loop()
        things = [
            self._want, self._want, self._want, self._back_up, self._back_up, self._restore, self._image, self._image,
            self._set_back, self._cut, self._cut, self._fill, self._jump, self._jump, self._kill, self._end_hub,
            self._fill_hub, self._damage, self._put, self._put, self._rot, self._restore_midway,
        ]  # fmt: skip
        while loop.time() < self.course.hours * HOUR:
            await asyncio.sleep(self.dice.expovariate(1 / self.course.every_s))
            for task in lives:
                if task.done():
                    task.result()
            thing = self.dice.choice(things)
            self.happened[thing.__name__[1:]] = self.happened.get(thing.__name__[1:], 0) + 1
            thing(self.dice.choice(self.devices))

    async def _calm(self) -> None:
        self.hub_crash_rate, self.hub_full, self.restored_midway = 0.0, False, False
        for meddler in self.meddlers:
            meddler.rate = 0.0
        for device in self.devices:
            device.crash_rate, device.busy, device.hurry = 0.0, False, 0
            device.link.faults, device.link.cut = LinkFaults.none(), False
            device.disk.free()
        await asyncio.sleep(0.55 * HOUR)  # Late copies of requests come, too.

    async def _converge(self, lives: list[asyncio.Task[None]]) -> None:
        for _ in range(60):
            for task in lives:
                if task.done():
                    task.result()
            if all(self._settled(device) for device in self.devices):
                return
            await asyncio.sleep(200)
        raise AssertionError(f"Not settled: {[(d.name, d.waiting(), self._settled(d)) for d in self.devices]}")

    def _settled(self, device: SimulatedDevice) -> bool:
        wanted = self.hub.wanted(device.name)
        refs = [body["content"] for (kind, _), body in wanted.items() if kind == "pack"]
        return (
            device.waiting() == 0
            and device.state() == (device.state()[0], state_digest(wanted))
            and (self.hub.reported(device.name) or {}).get("boot") == device._boots
            and all(
                (device.folder / f"{device.name}-contents" / ref["digest"].replace(":", "-")).exists() for ref in refs
            )
        )

    def _check(self, device: SimulatedDevice) -> None:
        came = self._came(device)
        assert len(came) == len(set(came)), f"{device.name}: twice: {sorted(n for n in set(came) if came.count(n) > 1)}"
        lost = device.durable - set(came) - device.damaged
        assert not lost, f"{device.name}: lost {sorted(lost)}"
        assert not device.refused & set(came), f"{device.name}: refused, yet there: {device.refused & set(came)}"
        for life in device.lives:
            wrong = device.order.wrong(life, came)
            assert not wrong, f"{device.name}: out of order: {wrong}"
        for (kind, _), body in self.hub.wanted(device.name).items():
            if kind == "pack":
                path = device.folder / f"{device.name}-contents" / body["content"]["digest"].replace(":", "-")
                assert path.read_bytes() == self.contents[body["content"]["digest"]]

    def _came(self, device: SimulatedDevice) -> list[int]:
        return [body["n"] for body in self.hub.received(device.name) if "n" in body]

    def _account(self) -> None:
        """Before something is lost by force: nothing was lost until now."""
        for device in self.devices:
            lost = device.durable - device.damaged - device.numbers_on_disk().keys() - set(self._came(device))
            assert not lost, f"{device.name}: lost {sorted(lost)} before any disaster"

    def _recount(self) -> None:
        """What neither the disk nor the hub has any more was lost by force."""
        for device in self.devices:
            device.durable &= device.numbers_on_disk().keys() | set(self._came(device))

    # What happens.

    def _want(self, device: SimulatedDevice) -> None:
        text = None if self.dice.random() < 0.25 else f"text {self.dice.random()}"
        self.hub.want(device.name, self.dice.randrange(4), text)

    def _put(self, device: SimulatedDevice) -> None:
        content = self.dice.randbytes(self.dice.randrange(1, 3000))
        ref = self.hub.put(content)
        self.contents[ref.digest] = content
        self.hub.want_pack(device.name, ref)

    def _back_up(self, device: SimulatedDevice) -> None:
        self.backups.append(self.hub.backup())

    def _restore(self, device: SimulatedDevice) -> None:
        self._account()
        self.hub.restore(self.dice.choice(self.backups[-4:]))
        self._recount()
        self._end_hub(device)
        for one in self.devices:
            one.told.disasters += 1
            # Who keeps nothing must not hear now of what was true before.
            one.link.breaks += one.bounds == FORGETFUL

    def _restore_midway(self, device: SimulatedDevice) -> None:
        """The hub forgets the next exchange that it does, before the device hears of it."""
        self.restored_midway = True

    def _image(self, device: SimulatedDevice) -> None:
        if device.disk.path.exists() and not device.disk.full:
            device.take_image()

    def _set_back(self, device: SimulatedDevice) -> None:
        if device.images:
            self._account()
            device.set_back(self.dice.randrange(len(device.images)))
            self._recount()
            # Often it gets further than it was before it meets the hub again.
            device.hurry = self.dice.choice([0, 0, 20, 60])
            device.link.cut = device.link.cut or device.hurry > 0

    def _cut(self, device: SimulatedDevice) -> None:
        device.link.cut = not device.link.cut

    def _fill(self, device: SimulatedDevice) -> None:
        (device.disk.free if device.disk.full else device.disk.fill)()

    def _jump(self, device: SimulatedDevice) -> None:
        days = timedelta(days=self.dice.uniform(-9000, 9000))
        if self.dice.random() < 0.5:
            device.clock_offset = days
        else:
            self.hub_offset_s = days.total_seconds()

    def _kill(self, device: SimulatedDevice) -> None:
        device.kill()

    def _end_hub(self, device: SimulatedDevice) -> None:
        self.hub_down_until = asyncio.get_running_loop().time() + self.dice.uniform(1, 900)

    def _fill_hub(self, device: SimulatedDevice) -> None:
        self.hub_full = not self.hub_full

    def _damage(self, device: SimulatedDevice) -> None:
        if device.disk.path.exists() and self.dice.random() < 0.5:
            device.damage()

    def _rot(self, device: SimulatedDevice) -> None:
        if device.disk.path.exists() and device.disk.rows("SELECT 1 FROM sqlite_master WHERE name = 'desired_place'"):
            device.rot()
            if self.dice.random() < 0.7:  # The hub sends what has changed, and the device has something else.
                self._want(device)

    # The hub's side of a link.

    def _answerer(self, device: SimulatedDevice) -> Any:
        async def answer(tool: str, body: bytes) -> bytes:
            now_s = asyncio.get_running_loop().time()
            if now_s < self.hub_down_until:
                raise LinkFailed("The hub is down.")
            try:
                arguments = json.loads(body)
            except ValueError as error:
                raise LinkFailed("The hub got half a request.") from error
            self._hub_dies("before its commit")
            if self.hub_full and tool == "edge_sync":
                raise LinkFailed("The hub's disk is full.")
            midway = self.restored_midway and tool == "edge_sync"
            if midway:
                self.backups.append(self.hub.backup())
            told = self.hub.handle(device.name, tool, arguments, now_s + self.hub_offset_s)
            if tool == "edge_sync":
                device.told.note(arguments, told)
            if midway:
                self.restored_midway = False
                self._restore(device)
                if device.bounds == FORGETFUL:
                    raise LinkFailed("The connection broke.")
            self._hub_dies("after its commit")
            return json.dumps(told).encode()

        return answer

    def _hub_dies(self, where: str) -> None:
        if self.dice.random() < self.hub_crash_rate:
            self.hub_down_until = asyncio.get_running_loop().time() + self.dice.uniform(1, 60)
            raise LinkFailed(f"The hub died {where}.")

    def _keep_late(self, late: Awaitable[Any]) -> None:
        async def run() -> None:
            with suppress(ChargehandError):  # Nobody waits for that answer.
                await late

        task = asyncio.ensure_future(run())
        self.late.add(task)
        task.add_done_callback(self.late.discard)
