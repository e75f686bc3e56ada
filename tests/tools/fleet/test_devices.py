"""Lists of a large fleet: every device is counted, whatever is shown of it."""

from datetime import timedelta

import pytest

from memory.ledger.devices import Device, Uplink
from tests.fakes.fleet_devices import FleetWorks

MANY = 5_000


@pytest.fixture
def fleet(hub: FleetWorks) -> FleetWorks:
    """Of 5,000 devices in two groups every fifth is late, every tenth never came, every hundredth fails."""
    with hub.works.ledger.unit("default") as unit:
        for n in range(MANY):
            name = f"d-{n:04}"
            reported = {"version": "m@2@abc" if n % 2 else "m@1", **({"failed": "m@3"} if n % 100 == 0 else {})}
            unit.devices.add(Device(name, f"hall-{n % 2}", "enrolled", hub.works.now, reported=reported))
            seen = None if n % 10 == 0 else hub.works.now - timedelta(seconds=3600 if n % 5 == 0 else 10)
            unit.uplinks.save(Uplink(name, "key", seen_at=seen))
    return hub


@pytest.mark.timeout(300)
async def test_pages_and_counts_are_true(fleet: FleetWorks) -> None:
    names, after = list[str](), ""
    while page := (found := await fleet.call("device_list", after=after, limit=1000)).devices:
        assert found.total == MANY
        names += [one.id for one in page]
        after = names[-1]
    assert names == [f"d-{n:04}" for n in range(MANY)]
    late = await fleet.call("device_list", late=True, limit=5)
    assert (late.total, len(late.devices)) == (1000, 5)
    assert (await fleet.call("device_list", late=True, group="hall-1")).total == 500
    assert (await fleet.call("device_list", version="m@2")).total == 2500
    assert (await fleet.call("device_list", version="none")).total == 0
    groups = {one.group: one for one in (await fleet.call("device_health")).groups}
    assert {name: one.devices for name, one in groups.items()} == {"hall-0": 2500, "hall-1": 2500}
    assert (groups["hall-1"].late_count, len(groups["hall-1"].late)) == (500, 50)
    assert (groups["hall-0"].never_seen, groups["hall-0"].failing_count) == (500, 50)
