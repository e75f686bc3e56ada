"""Whatever link and people do, and in whatever order: each event once, in order, and every device as it shall be."""

import asyncio
import copy
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.kernel.protocol.messages import SyncResponse
from memory.ledger import open_ledger
from tests.effort import times
from tests.fakes.fleet_devices import FakeDevice, FleetWorks, open_fleet
from tests.fakes.works import ANN, open_works
from tools.calling.context import OpenCall
from tools.fleet.desired_state import MOST_TOMBSTONES, put_item, remove_item

NAMES = ("press-1", "press-2")
STEPS = st.one_of(
    st.tuples(st.just("record"), st.sampled_from(NAMES)),
    st.tuples(st.just("report"), st.sampled_from(NAMES)),
    st.tuples(st.just("send"), st.sampled_from(NAMES), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("replay"), st.integers(0, 50)),
    st.tuples(st.just("deliver"), st.integers(0, 50)),
    st.tuples(st.just("set back"), st.sampled_from(NAMES)),
    st.tuples(st.just("keep a copy"), st.sampled_from(NAMES)),
    st.tuples(st.just("put"), st.sampled_from(["a", "b"]), st.sampled_from([None, "g1", "g2", *NAMES])),
    st.tuples(st.just("remove"), st.sampled_from(["a", "b"]), st.sampled_from([None, "g1", "g2", *NAMES])),
    st.tuples(st.just("move"), st.sampled_from(NAMES), st.sampled_from(["g1", "g2"])),
    st.tuples(
        st.just("back up"),
    ),
    st.tuples(
        st.just("restore"),
    ),
)


class World:
    """A hub, two devices, the requests that were ever sent and the answers that are still on their way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.works = open_works(folder)
        self.hub = open_fleet(self.works, folder)
        self.devices: dict[str, FakeDevice] = {}
        self.sent: list[tuple[FakeDevice, dict[str, Any]]] = []
        self.answers: list[tuple[FakeDevice, SyncResponse, dict[str, Any]]] = []
        self.copies: dict[str, Any] = {}
        self.recorded: dict[str, list[str]] = {name: [] for name in NAMES}
        self.made = 0

    async def open(self) -> None:
        for name, group in zip(NAMES, ("g1", "g2"), strict=True):
            self.devices[name] = await self.hub.enrolled(name, group=group)

    async def step(self, what: str, *given: Any) -> None:
        await getattr(self, what.replace(" ", "_"))(*given)

    async def record(self, name: str) -> None:
        self.made += 1
        self.recorded[name].append(self.devices[name].record("note", n=self.made)["chain"])

    async def report(self, name: str) -> None:
        self.made += 1
        self.devices[name].report(n=self.made)

    async def send(self, name: str, most: int, arrives: bool) -> None:
        device = self.devices[name]
        request = device.request(most)
        self.sent.append((device, request))
        if arrives:
            self.answers.append((device, await device.send(request), request))

    async def replay(self, which: int) -> None:
        """An old copy of some request arrives, and its answer goes nowhere."""
        if self.sent:
            device, request = self.sent[which % len(self.sent)]
            await device.send(request)

    async def deliver(self, which: int) -> None:
        """The answer to the newest request of a device; older ones nobody waits for any more."""
        if self.answers:
            device, response, request = self.answers.pop(which % len(self.answers))
            if self.devices[device.name] is device and request is self._newest(device):
                device.take(response, request["nonce"])

    def _newest(self, device: FakeDevice) -> dict[str, Any] | None:
        return next((request for one, request in reversed(self.sent) if one is device), None)

    async def keep_a_copy(self, name: str) -> None:
        device = self.devices[name]
        self.copies[name] = {
            key: copy.deepcopy(value) for key, value in vars(device).items() if key not in {"hub", "signer"}
        }

    async def set_back(self, name: str) -> None:
        """The device's disk goes back to a copy."""
        if name in self.copies:
            former = self.devices[name]
            device = FakeDevice(self.hub, name, signer=former.signer)
            vars(device).update(copy.deepcopy(self.copies[name]))
            self.devices[name] = device

    async def put(self, name: str, whom: str | None) -> None:
        self.made += 1
        await self.hub.call("device_prompt_set", text=str(self.made), name=name, **self._whom(whom))

    async def remove(self, name: str, whom: str | None) -> None:
        scope, subject = ("all", "") if whom is None else ("device" if whom in NAMES else "group", whom)
        with self.works.ledger.view("default") as unit:
            found = unit.desired.find(scope, subject, "prompt", name)  # type: ignore[arg-type]
        if found is not None and found.body is not None:
            await self.hub.call("device_item_remove", kind="prompt", name=name, **self._whom(whom))

    def _whom(self, whom: str | None) -> dict[str, Any]:
        if whom in {"g1", "g2"} and whom not in self._groups():
            return {}
        return {} if whom is None else {"device" if whom in NAMES else "group": whom}

    def _groups(self) -> set[str]:
        with self.works.ledger.view("default") as unit:
            return {device.group for device in unit.devices.all()}

    async def move(self, name: str, group: str) -> None:
        await self.hub.call("device_move", device=name, group=group)

    async def back_up(self) -> None:
        self.works.ledger.database.close()
        for path in self.folder.glob("ledger.sqlite*"):
            shutil.copy(path, self.folder / f"copy-{path.name}")

    async def restore(self) -> None:
        if not (self.folder / "copy-ledger.sqlite").exists():
            return
        self.works.ledger.close()
        for path in self.folder.glob("ledger.sqlite*"):
            path.unlink()
        for path in self.folder.glob("copy-*"):
            shutil.copy(path, self.folder / path.name.removeprefix("copy-"))
        self.works.ledger = open_ledger(self.folder / "ledger.sqlite")
        restarted = open_fleet(self.works, self.folder)
        self.hub.works, self.hub.identity = restarted.works, restarted.identity

    async def check(self) -> None:
        """In the end, with a link that works, all comes together."""
        for device in self.devices.values():
            device.report(end=True)
            await device.settle()
        with self.works.ledger.view("default") as unit:
            for name, device in self.devices.items():
                kept = unit.device_events.of(name, limit=1000)[::-1]
                chains = [event.chain for event in kept]
                assert len(set(chains)) == len(chains), "twice"
                assert [event.position for event in kept] == list(range(1, len(kept) + 1))
                mine = [event["chain"] for event in device.events]
                assert [chain for chain in chains if chain in set(mine)] == mine, "lost, or out of order"
                assert set(chains) <= set(self.recorded[name]), "made up"
                assert unit.devices.get(name).reported == {"end": True}
        for name, device in self.devices.items():
            shown = await self.hub.call("device_show", device=name)
            assert {(one["kind"], one["name"]): one["body"] for one in shown.desired} == device.items
            assert not shown.device.behind

    def close(self) -> None:
        self.works.ledger.close()


async def run(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            await world.open()
            for step in steps:
                await world.step(*step)
            await world.check()
        finally:
            world.close()


@settings(max_examples=times(6, 25), deadline=None)
@example([("send", "press-2", 1, True), ("deliver", 0), ("put", "a", "g1")])  # what another group got is nothing new
@given(st.lists(STEPS, max_size=40))
def test_all_comes_together(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(run(steps))


@pytest.mark.parametrize("lost", [0, 3])
async def test_a_hub_that_was_restored_from_an_older_backup_gets_all_again(tmp_path: Path, lost: int) -> None:
    world = World(tmp_path)
    await world.open()
    device = world.devices["press-1"]
    await world.step("record", "press-1")
    await world.step("put", "a", None)
    await device.settle()
    await world.step("back up")
    for _ in range(4):
        await world.step("record", "press-1")
        await world.step("put", "a", None)
        await device.settle()
    ahead = device.revision
    await world.step("restore")
    await world.step("put", "b", "press-2")
    await device.settle()
    assert device.revision == ahead + 1, "the counter is above what any device has"
    await world.check()
    assert device.items["prompt", "a"] == {"text": "2"}
    world.close()


async def test_a_device_that_says_it_is_far_ahead_moves_the_counter_of_nobody(hub: FleetWorks) -> None:
    device, other = await hub.enrolled("press-1"), await hub.enrolled("press-2")
    await hub.call("device_prompt_set", text="one")
    await other.settle()
    device.revision = 2**53
    response = await device.send(device.request())
    assert response.desired is not None
    assert response.desired.body["since"] is None
    assert (await other.sync()).desired is None
    with hub.works.ledger.view("default") as unit:
        assert unit.desired.head().revision < 100


async def test_tombstones_are_collected_and_who_was_away_fetches_the_whole(hub: FleetWorks) -> None:
    device, away = await hub.enrolled("press-1"), await hub.enrolled("press-2")
    await hub.call("device_prompt_set", text="x", name="first")
    await device.settle()
    await away.settle()
    await hub.call("device_item_remove", kind="prompt", name="first")
    await device.settle()
    with hub.works.ledger.unit("default") as unit:
        context = replace(ANN, opened=OpenCall(unit, hub.works.now))
        for n in range(MOST_TOMBSTONES):
            put_item(context, ("all", ""), "prompt", f"p{n}", {"text": "x"})
            remove_item(context, ("all", ""), "prompt", f"p{n}")
        assert len(unit.desired.tombstones(10_000)) == MOST_TOMBSTONES // 2
        assert away.revision < unit.desired.head().floor < unit.desired.head().revision
    response = await away.send(away.request())
    assert response.desired is not None
    assert response.desired.body["since"] is None
    for one in (away, device):
        await one.settle()
        assert one.items == {}


async def test_a_device_s_own_tombstones_go_once_it_has_heard(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    asked: Any = await hub.call("device_ask", device=device.name, text="how are you?")
    await device.settle()
    device.record("answer", id=asked.id, text="well")
    await device.settle()
    await device.settle()
    with hub.works.ledger.view("default") as unit:
        assert unit.desired.of_device(device.name) == []
    assert device.items == {}
