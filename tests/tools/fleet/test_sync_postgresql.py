"""The same on a real PostgreSQL: what is kept, what is refused, and many devices at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.ledger import open_ledger
from tests.fakes.fleet_devices import FleetWorks, open_fleet
from tests.fakes.postgres import find_postgres, run_postgres
from tests.fakes.works import Works
from tests.tools.fleet.test_sync import nested

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/postgres")
    with run_postgres(binaries) as server:
        yield server.new_database()


@pytest.fixture
def hub(url: str, tmp_path: Path) -> Iterator[FleetWorks]:
    works = Works(open_ledger(tmp_path / "ledger.sqlite", url))
    yield open_fleet(works, tmp_path)
    works.ledger.close()


async def test_many_devices_sync_at_once(hub: FleetWorks) -> None:
    devices = [await hub.enrolled(f"d{n}", group="many") for n in range(8)]
    await hub.call("device_configure", values={"a": 1})

    async def work(number: int) -> None:
        for n in range(5):
            devices[number].record("note", n=n)
            devices[number].report(version=f"m@{n}")
            await devices[number].sync()
        await devices[number].settle()

    await asyncio.gather(*(work(number) for number in range(8)))
    listed = await hub.call("device_list", group="many")
    assert [(one.events, one.version, one.behind) for one in listed.devices] == [(5, "m@4", False)] * 8
    assert all(device.items["configuration", "configuration"]["values"]["a"] == 1 for device in devices)
    hub.works.audit()


async def test_poison_is_set_aside_and_nonsense_is_kept(hub: FleetWorks) -> None:
    device = await hub.enrolled("poisoned")
    good = [device.record("note", n=n, text="half \udc00 and \0 null", big=10**40) for n in range(4)]
    device.events[1] = {**good[1], "body": nested(70)}
    device.events[2] = {**good[2], "at": "\0", "kind": "\0"}
    request = device.request(packed=True, through_chain=good[3]["chain"])
    response = await device.send(request)
    assert [one.seq for one in response.rejected] == [2, 3]
    assert (await device.send(request)).rejected == response.rejected
    device.events = good
    device.after = 4
    device.record("alert", message="hot \0\udc00")
    device.record("answer", id="q\0", text="\0")
    await device.settle()
    found = await hub.call("device_events", device="poisoned")
    assert [one.kind for one in found.events] == ["answer", "alert", "note", "note"]


async def test_items_are_layered_removed_and_collected(hub: FleetWorks) -> None:
    device = await hub.enrolled("layered", group="layers")
    await hub.call("device_prompt_set", text="group", group="layers")
    await hub.call("device_prompt_set", text="own", device="layered")
    asked = await hub.call("device_ask", device="layered", text="well?")
    await device.settle()
    assert device.items["prompt", "system"] == {"text": "own"}
    device.record("answer", id=asked.id, text="well")
    await hub.call("device_item_remove", kind="prompt", name="system", device="layered")
    await device.settle()
    await device.settle()
    assert device.items["prompt", "system"] == {"text": "group"}
    await hub.call("device_move", device="layered", group="others")
    await device.settle()
    assert ("prompt", "system") not in device.items
    with hub.works.ledger.view("default") as unit:
        assert unit.desired.of_device("layered") == []
        assert unit.desired.tombstones(10) == []
    assert (await hub.call("device_answers", device="layered")).questions[0].answer == "well"
