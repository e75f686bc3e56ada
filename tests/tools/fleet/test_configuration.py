"""Jobs of devices: all, or those that one device or one group has."""

import asyncio

from memory.ledger.devices import Device
from tests.fakes.fleet_devices import FleetWorks
from tests.fakes.works import ANN, Works

HOURLY = {"on": "interval", "every_s": 3600}
ACTION = {"do": "ask", "text": "Are you well?"}


def names(works: Works, **only: str) -> list[str]:
    found = asyncio.run(works.call(ANN, "device_job_list", **only)).model_dump()["jobs"]
    return sorted(one["job"]["name"] for one in found)


def test_jobs_are_listed_for_all_for_a_device_with_its_groups_and_for_a_group(hub: FleetWorks, works: Works) -> None:
    with works.ledger.unit("default") as unit:
        for device, group in (("press-1", "hall"), ("press-2", "hall"), ("oven-1", "bakery")):
            unit.devices.add(Device(device, group, "enrolled", works.now))
    for name, where in (
        ("everywhere", {}),
        ("of-hall", {"group": "hall"}),
        ("of-press", {"device": "press-1"}),
        ("of-oven", {"device": "oven-1"}),
    ):
        asyncio.run(works.call(ANN, "device_job_put", name=name, schedule=HOURLY, action=ACTION, **where))
    assert names(works) == ["everywhere", "of-hall", "of-oven", "of-press"]
    assert names(works, device="press-1") == ["everywhere", "of-hall", "of-press"]
    assert names(works, device="oven-1") == ["everywhere", "of-oven"]
    assert names(works, group="hall") == ["everywhere", "of-hall"]
