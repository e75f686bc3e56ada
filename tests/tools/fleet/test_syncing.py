"""One exchange after the other: everything comes once, and in order, whatever the link does to the requests."""

from tests.fakes.edge_devices import FleetWorks


async def test_a_device_enrols_syncs_and_gets_what_it_shall_be(hub: FleetWorks) -> None:
    device = await hub.enrolled(group="hall-3")
    await hub.call("device_configure", values={"every_s": 30}, group="hall-3")
    device.record("note", text="hello")
    device.report(version="m@1")
    response = await device.sync()
    assert response.cursor == 1
    assert device.items[("configuration", "configuration")]["values"] == {"every_s": 30}
    await device.settle()
    listed = await hub.call("device_list")
    assert [(one.id, one.group, one.version, one.events, one.behind) for one in listed.devices] == [
        ("press-1", "hall-3", "m@1", 1, False)
    ]
