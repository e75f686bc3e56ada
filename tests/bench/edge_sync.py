"""Syncing of devices: the outbox, the wire, and how many devices one hub bears.

    python -m tests.bench.edge_sync outbox     events/s into a device's outbox, each flushed to the disk
    python -m tests.bench.edge_sync loopback   events/s from a device to a hub's process over MCP and TCP
    python -m tests.bench.edge_sync wire       bytes of requests for 1,000 events
    python -m tests.bench.edge_sync converge   10,000 devices take a new desired state over bad links, in virtual time
    python -m tests.bench.edge_sync fleet      100,000 devices sync with one hub, in virtual time

In the last two the hub's own tools work on a real ledger with flushed commits, one after the other in one process;
devices are as small as can be (they keep the protocol, and no database), and waiting takes no time.
"""

import argparse
import asyncio
import gc
import heapq
import json
import resource
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from edge.daemon import Backoff
from edge.database import Database, open_database
from edge.kernel.protocol.desired import Desired, state_digest
from edge.kernel.protocol.events import FIRST_CHAIN, chain
from edge.kernel.protocol.messages import SyncRequest, SyncResponse, check_seal, pack_events
from edge.kernel.protocol.signing import load_signer
from edge.outbox import Outbox
from edge.sync.enrolment import read_enrolment
from edge.sync.exchange import Syncer
from edge.sync.transport import as_device, open_transport
from tests.bench.machine import machine
from tests.fakes.edge_sites import EdgeSite, open_site
from tests.fakes.simulation.ledger_hubs import LedgerHub
from tests.fakes.works import ANN

EVERY_S = 60.0


def an_event(number: int, dice: Random) -> tuple[Any, dict[str, Any]]:
    """As a gateway records them: mostly measurements, some tool calls."""
    if number % 5 == 0:
        arguments = {"sensor": f"bearing-{number % 7}"}
        body = {"tool": "sensor_read", "arguments": arguments, "by": "job:hourly", "outcome": "done", "took_ms": 12}
        return "audit", body
    sensors = {f"bearing-{place}": [round(40 + dice.random() * 20, 2), "ok"] for place in range(3)}
    return "telemetry", {"sensors": sensors}


def an_outbox(database: Database) -> Outbox:
    return Outbox(
        database,
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        boot=secrets.token_hex(4),
        new_stream=lambda: secrets.token_hex(16),
    )


@contextmanager
def timed(name: str, count: Callable[[], float]) -> Iterator[None]:
    """Tells what came of the block, and its rate."""
    began, used = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    done = count()
    print(f"{name}: {done:,.0f} in {wall:.2f} s = {done / wall:,.0f}/s ({cpu:.2f} s of processor, {done / cpu:,.0f}/s)")


def bench_outbox(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outbox, dice = an_outbox(open_database(Path(folder) / "edge.db")), Random(1)
        with timed("outbox, one event a commit", lambda: count):
            for number in range(count):
                outbox.record(*an_event(number, dice))
        with timed("outbox, 100 events a commit", lambda: 10 * count):
            for start in range(0, 10 * count, 100):
                outbox.record_all([an_event(number, dice) for number in range(start, start + 100)])


def bench_loopback(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, open_site(Path(folder)) as site:
        database, dice = open_database(site.device.path / "edge.db"), Random(1)
        outbox = an_outbox(database)
        outbox.record_all([an_event(number, dice) for number in range(count)])
        rounds = asyncio.run(_drain(site, database, outbox))
        print(f"  in {rounds} requests")


async def _drain(site: EdgeSite, database: Database, outbox: Outbox) -> int:
    hub = read_enrolment(site.device.path / "hub.json")
    assert hub is not None
    rounds = 0
    async with open_transport(site.url, as_device(hub, load_signer(site.device.path / "device.key"))) as link:
        syncer = Syncer(hub, link, database, outbox, lambda: secrets.token_hex(16))
        await syncer.round()  # Connections and imports are not what is measured.
        count = outbox.status().waiting
        with timed("sync over MCP and TCP to a hub's process", lambda: count):
            while outbox.status().waiting:
                await syncer.round()
                rounds += 1
    return rounds


def bench_wire() -> None:
    with tempfile.TemporaryDirectory() as folder:
        outbox, dice = an_outbox(open_database(Path(folder) / "edge.db")), Random(1)
        outbox.record_all([an_event(number, dice) for number in range(1000)])
        for most in (500, 50, 5):
            plain = packed = requests = 0
            outbox.fork()
            while (batch := outbox.batch(most)).events:
                told = [event.on_wire() for event in batch.events]
                place = {"stream": batch.stream, "after": batch.after, "through": batch.through, "nonce": "0" * 32}
                chains = {"after_chain": batch.after_chain, "through_chain": batch.through_chain}
                common: dict[str, Any] = {
                    **place,
                    **chains,
                    "reported_version": 3,
                    "have_revision": 7,
                    "have_digest": "0" * 64,
                }
                plain += len(json.dumps({**common, "events": told}, separators=(",", ":")))
                packed += len(json.dumps({**common, "packed": pack_events(told)}, separators=(",", ":")))
                requests += 1
                outbox.acknowledge(batch.through, batch.through_chain)
            print(
                f"wire, 1,000 events, {most} a request: {plain:,} bytes of JSON, {packed:,} packed ({requests} requests)"
            )


@dataclass(slots=True)
class SmallDevice:
    """Keeps the protocol in a few fields."""

    name: str
    stream: str
    seq: int = 0
    chain: str = FIRST_CHAIN
    after: int = 0
    after_chain: str = FIRST_CHAIN
    waiting: list[dict[str, Any]] = field(default_factory=list)
    revision: int = -1
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def record(self, kind: Any, body: dict[str, Any], now_s: float) -> None:
        self.seq += 1
        at = "2026-11-23T00:00:00+00:00"
        self.chain = chain(self.chain, self.seq, kind, at, "b", now_s, body)
        event = {
            "seq": self.seq,
            "kind": kind,
            "at": at,
            "boot": "b",
            "uptime_s": now_s,
            "body": body,
            "chain": self.chain,
        }
        self.waiting.append(event)

    def request(self) -> SyncRequest:
        return SyncRequest(
            stream=self.stream, after=self.after, after_chain=self.after_chain, through=self.seq,
            through_chain=self.chain, packed=pack_events(self.waiting), nonce=secrets.token_hex(16),
            have_revision=self.revision, have_digest=state_digest(self.items) if self.revision >= 0 else "",
            whole=self.revision < 0,
        )  # fmt: skip

    def take(self, response: SyncResponse) -> None:
        self.after, self.after_chain = response.cursor, response.cursor_chain
        self.waiting = [event for event in self.waiting if event["seq"] > response.cursor]
        if response.desired is not None:
            desired = Desired.model_validate(response.desired.body)
            if desired.since is None:
                self.items = {}
            for item in desired.items:
                if item.body is None:
                    self.items.pop((item.kind, item.name), None)
                else:
                    self.items[item.kind, item.name] = item.body
            self.revision = desired.revision


class Fleet:
    """Devices that sync with one hub, each when its time has come."""

    def __init__(self, folder: Path, count: int, loss: float) -> None:
        self.hub, self.dice, self.loss = LedgerHub(folder, EVERY_S, flush=True), Random(5), loss
        self.devices = [SmallDevice(f"gw-{place:06d}", f"{place:032x}") for place in range(count)]
        self.now_s, self.exchanges, self.events, self.lost = 0.0, 0, 0, 0
        self.bytes_up = self.bytes_down = 0
        for start in range(0, count, 1000):
            with self.hub.ledger.unit("default") as unit:
                for device in self.devices[start : start + 1000]:
                    self.hub.add_device(unit, device.name)
        self._backoffs = [Backoff(self.dice.random, first_s=2, longest_s=900) for _ in self.devices]
        self._due = [(self.dice.uniform(0, EVERY_S), place) for place in range(count)]
        heapq.heapify(self._due)

    def step(self, most_events: int) -> None:
        """The next device's turn."""
        self.now_s, place = heapq.heappop(self._due)
        device, backoff = self.devices[place], self._backoffs[place]
        for number in range(self.dice.randint(0, most_events)):
            device.record(*an_event(device.seq + number, self.dice), self.now_s)
        if self.dice.random() < self.loss:
            self.lost += 1
            self._again(place, backoff.failed())
            return
        self._exchange(device)
        if self.dice.random() < self.loss:  # The answer is lost.
            self.lost += 1
            self._again(place, backoff.failed())
            return
        self.events += self.answer.cursor - device.after
        device.take(self.answer)
        backoff.succeeded()
        self._again(place, backoff.spread(EVERY_S))

    def _exchange(self, device: SmallDevice) -> None:
        request = device.request()
        body = json.dumps(request.model_dump(mode="json", exclude_defaults=True))
        told = json.dumps(self.hub.handle(device.name, "edge_sync", json.loads(body), self.now_s))
        self.answer = SyncResponse.model_validate_json(told)
        if self.exchanges % 100 == 0:
            identity = self.hub.identity
            check_seal(self.answer, identity.hub_key, identity.hub_id, "default", device.name, request.nonce)
        self.exchanges += 1
        self.bytes_up += len(body)
        self.bytes_down += len(told)

    def _again(self, place: int, wait_s: float) -> None:
        heapq.heappush(self._due, (self.now_s + wait_s, place))

    def order(self, number: int) -> None:
        """Everybody shall have a new prompt."""
        self.hub._call(ANN, "device_prompt_set", {"text": f"Be brief, {number}.", "group": "all"})


def bench_converge(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder), count, loss=0.1)
        while any(device.revision < 0 for device in fleet.devices):
            fleet.step(0)
        fleet.order(1)
        began, exchanges, wall = fleet.now_s, fleet.exchanges, time.perf_counter()
        lacking = {device.name for device in fleet.devices}
        half_s = 0.0
        while lacking:
            place = fleet._due[0][1]
            fleet.step(2)
            device = fleet.devices[place]
            if device.items.get(("prompt", "system"), {}).get("text") == "Be brief, 1.":
                lacking.discard(device.name)
            if not half_s and len(lacking) <= count // 100:
                half_s = fleet.now_s - began
        print(
            f"converge: {count:,} devices that come every {EVERY_S:g} s over links that lose 19% of exchanges: 99% have a new"
            f" desired state after {half_s:.0f} s, all after {fleet.now_s - began:.0f} s (virtual);"
            f" {fleet.exchanges - exchanges:,} exchanges in {time.perf_counter() - wall:.1f} s (real)"
        )
        fleet.hub.close()


def bench_fleet(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with timed("fleet, devices made", lambda: count):
            fleet = Fleet(Path(folder), count, loss=0.01)
        gc.freeze()  # What so many devices hold is no hub's to look through.
        fleet.order(0)
        for number in range(rounds):
            exchanges, events = fleet.exchanges, fleet.events
            with timed(f"fleet, round {number + 1}, exchanges", lambda start=exchanges: fleet.exchanges - start):
                while fleet.exchanges < exchanges + count:
                    fleet.step(4)
            print(f"  {fleet.events - events:,} events; {fleet.lost:,} exchanges lost on the way so far")
            if number == 0:
                fleet.order(1)
        size = sum(path.stat().st_size for path in Path(folder).iterdir() if path.name.startswith("ledger.db"))
        with fleet.hub.ledger.view("default") as unit:
            kept = sum(link.events for link in unit.uplinks.all())
        print(
            f"  virtual time {fleet.now_s:.0f} s; {kept:,} events kept, {fleet.events:,} acknowledged;"
            f" {fleet.bytes_up / fleet.exchanges:.0f} bytes up and {fleet.bytes_down / fleet.exchanges:.0f} down an exchange;"
            f" ledger {size / 2**20:.0f} MiB; at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB resident"
        )
        fleet.hub.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["outbox", "loopback", "wire", "converge", "fleet"])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--converging", type=int, default=10_000)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    print(machine())
    parts: dict[str, Callable[[], None]] = {
        "outbox": lambda: bench_outbox(given.events),
        "loopback": lambda: bench_loopback(10 * given.events),
        "wire": bench_wire,
        "converge": lambda: bench_converge(given.converging),
        "fleet": lambda: bench_fleet(given.devices, given.rounds),
    }
    for part in given.parts:
        parts[part]()


if __name__ == "__main__":
    main()
