"""What people tell devices is refused at the hub where no device could follow it."""

from typing import Any

import pytest

from edge.kernel.errors import InvalidInput
from tests.fakes.fleet_devices import FleetWorks

JOB = {"name": "look", "schedule": {"on": "once"}}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("device_job_put", {**JOB, "action": {"do": "tool", "tool": "sensor_raed", "arguments": {"sensor": "a"}}}),
        ("device_job_put", {**JOB, "action": {"do": "tool", "tool": "sensor_read", "arguments": {"sensr": "a"}}}),
        ("device_job_put", {**JOB, "action": {"do": "tool", "tool": "sensor_read"}}),
        ("device_policy_set", {"tools": ["note_take", "shell"]}),
        ("device_policy_set", {"tools": ["note_take"], "limits": {"timeout": 3}}),
        ("device_configure", {"values": {"sync.evry_s": 30}}),
        ("device_configure", {"values": {"sync.every_s": -1}}),
        ("device_configure", {"values": {"site": "north"}, "rules": {"site": "hub"}}),
    ],
)
async def test_what_no_device_knows_is_refused(hub: FleetWorks, tool: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await hub.call(tool, **arguments)


async def test_what_a_device_knows_is_taken(hub: FleetWorks) -> None:
    action = {"do": "tool", "tool": "sensor_read", "arguments": {"sensor": "a"}}
    put = await hub.call("device_job_put", **JOB, action=action)
    assert "tasks" not in put.body["body"]["limits"]  # as devices of an earlier release know it
    limits = {"wall_s": 5, "tasks": 8}
    put = await hub.call("device_job_put", **JOB, action=action, limits=limits)
    assert put.body["body"]["limits"]["tasks"] == 8
