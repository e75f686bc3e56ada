"""A device's process, its disk and its clock."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Protocol

from edge.daemon import Backoff
from edge.database import open_database
from edge.kernel.errors import HubRefused, LinkFailed, OutboxFull, StorageFailed, Untrusted
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import state_digest
from edge.kernel.protocol.events import EventKind
from edge.kernel.protocol.messages import Enrolled, SyncRequest
from edge.outbox import Bounds, Journal, Outbox
from edge.state import DesiredState, ReportedState
from edge.sync.artifacts import Artifacts
from edge.sync.exchange import Syncer
from edge.sync.transport import Transport
from tests.fakes.edge_devices import numbered
from tests.fakes.simulation.disks import Crash, FaultyDisk
from tests.fakes.simulation.links import FaultyLink
from tests.fakes.simulation.order import Order
from tests.fakes.simulation.told import Told

__all__ = ["Build", "Fetches", "SimulatedDevice"]

KINDS: tuple[EventKind, ...] = ("audit", "audit", "audit", "note", "alert", "telemetry", "telemetry")


class Fetches(Protocol):
    """What a device fetches contents with."""

    async def fetch(self, ref: ArtifactRef, transport: Transport) -> Path: ...


def _artifacts(folder: Path, journal: Journal) -> Fetches:
    return Artifacts(folder, journal, budget_bytes=1 << 20, range_bytes=700, reserve_bytes=0)


@dataclass(frozen=True)
class Build:
    """What a device is put together from: the product's own parts, or worse ones that the simulation must find out.

    Attributes:
        enrolment: whom it obeys, given whom it should.
        link: how its exchanges go, given the device itself, whose `call` goes over its link.
        artifacts: given the folder of its contents, and where to record.
        loses: its disk takes no write whose statement begins so; empty for none.
    """

    enrolment: Callable[[Enrolled], Enrolled] = lambda hub: hub
    link: Callable[["SimulatedDevice"], Transport] = lambda device: device
    artifacts: Callable[[Path, Journal], Fetches] = _artifacts
    loses: str = ""


class SimulatedDevice:
    """One device over all its processes; keeps account of what it recorded.

    Attributes:
        life: what was recorded in the history that the disk has, in order; set back with the disk.
        lives: all histories that there were.
        durable: what must not be lost.
        refused: of what recording failed with an error: it must not be anywhere.
        damaged: what the disk altered.
        order: in which order it may come.
        told: what its hub told it.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        dice: Random,
        number: Callable[[], int],
        hub: Enrolled,
        bounds: Bounds,
        build: Build | None = None,
    ) -> None:
        self.name, self.folder, self.dice, self.hub, self.bounds = name, folder, dice, hub, bounds
        self.build = build or Build()
        self.life: list[int] = []
        self.lives: list[list[int]] = [self.life]
        self.durable: set[int] = set()
        self.refused: set[int] = set()
        self.damaged: set[int] = set()
        self.order = Order()
        self.told = Told()
        self.clock_offset = timedelta()
        self.crashes = 0
        self.crash_rate = 0.0
        self.rounds = 0
        self.busy = True
        self.hurry = 0
        """How many events are recorded next, one after the other."""
        self.disk = FaultyDisk(folder / f"{name}.db", self.die_at, self.build.loses)
        self.link: FaultyLink
        self.images: list[tuple[Path, list[int]]] = []
        self._number = number
        self._boots = 0
        self._in_doubt: list[tuple[EventKind, int]] = []
        self._process: asyncio.Task[None] | None = None
        self._nonce = numbered(f"nonce of {name}")
        self._stream = numbered(f"stream of {name}")

    def die_at(self, where: str) -> None:
        """Crash here, sometimes."""
        if self.crash_rate and self.dice.random() < self.crash_rate:
            raise Crash(where)

    def numbers_on_disk(self, *tables: str) -> dict[int, int]:
        """What was recorded and can be read there, and its number in the outbox."""
        found = [self.disk.rows(f"SELECT seq, body FROM {name}") for name in tables or ("outbox", "outbox_aside")]
        return {number: seq for rows in found for seq, body in rows if (number := _number_in(body)) is not None}

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As a `Transport`: the link's, with account of what goes up."""
        if tool == "edge_sync":
            request = SyncRequest.model_validate(arguments)
            self.order.note(request, self.life, self.numbers_on_disk("outbox"))
            self.told.check_state(self.state())
            self.told.check(request)
        return await self.link.call(tool, arguments)

    async def live(self) -> None:
        """Boot again and again, until cancelled."""
        while True:
            self._process = asyncio.create_task(self._run())
            try:
                await self._process
            except Crash:
                self.crashes += 1
            except StorageFailed:
                pass  # It could not even begin.
            except asyncio.CancelledError:
                if asyncio.current_task().cancelling():  # type: ignore[union-attr]
                    self._process.cancel()
                    raise
            finally:
                self.disk.end_process()
                self._settle_doubts()
            await asyncio.sleep(self.dice.uniform(1, 120))

    def kill(self) -> None:
        """End the process wherever it is."""
        if self._process is not None:
            self.disk.end_process()
            self._process.cancel()

    def set_back(self, place: int) -> None:
        """The disk is set back to an image; the process ends."""
        self.kill()
        self._settle_doubts()
        image, life = self.images[place]
        self.disk.set_back(image)
        self.life = list(life)
        self.lives.append(self.life)
        self.told.set_back()

    def take_image(self) -> None:
        path = self.folder / f"{self.name}-{len(self.images)}.image"
        self._settle_doubts()
        self.disk.image(path)
        self.images.append((path, list(self.life)))

    def damage(self) -> None:
        """The disk alters an event that waits there."""
        rows = self.disk.rows("SELECT seq, body FROM outbox WHERE json_valid(body) ORDER BY seq")
        whole = [(seq, body, number) for seq, body in rows if (number := _number_in(body)) is not None]
        if whole:
            seq, body, number = self.dice.choice(whole)
            self.damaged.add(number)
            self.disk.alter("UPDATE outbox SET body = ? WHERE seq = ?", body[: len(body) // 2], seq)

    def rot(self) -> None:
        """The disk alters a prompt of the desired state, or a content that is not whole yet."""
        self.told.check_state(self.state())
        prompts = self.disk.rows("SELECT name, body FROM desired WHERE kind = 'prompt' ORDER BY name")
        if prompts:
            name, body = self.dice.choice(prompts)
            altered = self.dice.choice([body[: len(body) // 2], json.dumps({"text": f"rotten {self.dice.random()}"})])
            self.disk.alter("UPDATE desired SET body = ? WHERE kind = 'prompt' AND name = ?", altered, name)
        self.told.altered(self.state())
        for partial in sorted((self.folder / f"{self.name}-contents" / "partial").glob("*")):
            content = partial.read_bytes()
            if content and self.dice.random() < 0.5:
                partial.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    def state(self) -> tuple[int, str]:
        """Revision and digest of the desired state on the disk; the digest of what is no JSON is empty."""
        ((revision,),) = self.disk.rows("SELECT revision FROM desired_place")
        try:
            return revision, state_digest(self.desired())
        except ValueError:
            return revision, ""

    def desired(self) -> dict[tuple[str, str], Any]:
        rows = self.disk.rows("SELECT kind, name, body FROM desired")
        return {(kind, name): json.loads(body) for kind, name, body in rows}

    def waiting(self) -> int:
        (row,) = self.disk.rows("SELECT count(*) FROM outbox, outbox_place WHERE seq > acknowledged")
        return row[0]

    def content(self, ref: ArtifactRef) -> bytes | None:
        path = self.folder / f"{self.name}-contents" / ref.digest.replace(":", "-")
        return path.read_bytes() if path.exists() else None

    async def _run(self) -> None:
        self._boots += 1
        loop = asyncio.get_running_loop()
        database = open_database(self.disk.path, self.disk.connect)
        outbox = Outbox(
            database,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=loop.time()) + self.clock_offset,
            monotonic=loop.time,
            boot=f"boot-{self._boots}",
            new_stream=self._stream,
            bounds=self.bounds,
        )
        ReportedState(database).put("boot", self._boots)
        with suppress(OutboxFull):  # As a device does: so a disk that was set back is found out soon.
            outbox.record("note", {"what": "started"})
        hub, link = self.build.enrolment(self.hub), self.build.link(self)
        syncer = Syncer(hub, link, database, outbox, self._nonce, most_events=self.dice.choice([3, 20, 500]))
        artifacts = self.build.artifacts(self.folder / f"{self.name}-contents", outbox)
        desired = DesiredState(database)
        await _first_to_end(self._record(outbox), self._sync(syncer, artifacts, desired))

    async def _record(self, outbox: Outbox) -> None:
        while True:
            await asyncio.sleep(0.01 if self.hurry else self.dice.expovariate(1 / 200))
            if not self.busy:
                continue
            self.hurry = max(0, self.hurry - 1)
            numbers = [self._number() for _ in range(self.dice.choice([1, 1, 1, 2, 9]))]
            kinds: list[EventKind] = [self.dice.choice(KINDS) for _ in numbers]
            self._in_doubt = list(zip(kinds, numbers, strict=True))
            try:
                seqs = outbox.record_all(
                    [
                        (kind, {"n": number, "kind": kind, "x": "y" * self.dice.choice([0, 300])})
                        for kind, number in self._in_doubt
                    ]
                )
            except (StorageFailed, OutboxFull):
                self.refused |= set(numbers)
                self._in_doubt = []
                continue
            self._in_doubt = []
            self.life += numbers
            self.order.seqs.update(zip(numbers, seqs, strict=True))
            self.durable |= {n for kind, n in zip(kinds, numbers, strict=True) if self._never_gives_way(kind)}

    async def _sync(self, syncer: Syncer, artifacts: Fetches, desired: DesiredState) -> None:
        backoff = Backoff(self.dice.random, first_s=2, longest_s=300)
        while True:
            try:
                report = await syncer.round()
                self.rounds += 1
                self.told.check_state(self.state())
                for item in desired.items("pack"):
                    if item.body is not None:
                        ref = ArtifactRef.model_validate(item.body["content"])
                        _check_use(ref, await artifacts.fetch(ref, self.link))
            except (LinkFailed, HubRefused, Untrusted, StorageFailed):
                wait_s = backoff.failed()
            else:
                backoff.succeeded()
                wait_s = 0.01 if report.at_once else backoff.spread(report.next_s)
            await asyncio.sleep(wait_s)

    def _never_gives_way(self, kind: EventKind) -> bool:
        return kind == "audit" or self.bounds.record == Bounds().record

    def _settle_doubts(self) -> None:
        """What was being recorded when the process died is on the disk, or it is nowhere.

        Within one write, the later may make room by letting go of the earlier; but never of the last, and of nothing
        that never gives way. So where any is there, these are.
        """
        if self._in_doubt:
            numbers = [number for _, number in self._in_doubt]
            on_disk = self.numbers_on_disk()
            there = on_disk.keys() & set(numbers)
            sure = {number for kind, number in self._in_doubt if self._never_gives_way(kind)} | {numbers[-1]}
            assert not there or sure <= there, f"of {numbers}, written at once, only {sorted(there)} are there"
            self.life += [number for number in numbers if number in there]
            self.order.seqs.update({number: on_disk[number] for number in there})
            self._in_doubt = []


def _check_use(ref: ArtifactRef, path: Path) -> None:
    """Raises AssertionError: what the device would use now is not what was ordered."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"sha256:{found}" == ref.digest, f"in use as {ref.digest[:20]}: {found[:13]}"


def _number_in(body: str) -> int | None:
    try:
        return json.loads(body).get("n")
    except ValueError:
        return None


async def _first_to_end(*work: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; the others do not go on."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
