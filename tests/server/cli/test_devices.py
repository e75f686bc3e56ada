import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.ledger import open_ledger
from memory.ledger.devices import Device
from server.cli import devices
from tests.fakes.commands import Done
from tests.fakes.fleet_devices import FakeDevice, open_fleet
from tests.fakes.works import Works
from tools.spec import ToolRuntime

Chargehand = Callable[..., Done]


EVERY = '{{"name": "a", "schedule": {{"on": "cron", "expression": "{}"}}, "action": {{"do": "ask", "text": "Well?"}}}}'


def visit(home: Path, token: str = "", **said: str) -> FakeDevice:
    """The device comes to the hub of this home, enrols where it has a token, and answers what it is asked."""
    works = Works(open_ledger(home / "ledger.sqlite"))
    works.now = ToolRuntime(works.ledger).clock()
    device = FakeDevice(open_fleet(works, home), "press-1")

    async def come() -> None:
        await device.enrol(token)
        device.report(version="m@1", health={"ok": True})
        await device.settle()
        for kind, name in list(device.items):
            if kind == "question":
                device.record("answer", id=name, **said)
        device.record("alert", message="hot", severity="critical")
        await device.settle()

    asyncio.run(come())
    works.ledger.close()
    return device


def key_of(home: Path) -> str:
    works = Works(open_ledger(home / "ledger.sqlite"))
    try:
        return open_fleet(works, home).identity.hub_key
    finally:
        works.ledger.close()


def test_a_device_is_let_in_given_work_asked_and_refused(chargehand: Chargehand, tmp_path: Path) -> None:
    assert "devices token" in chargehand("devices", "list").err
    made = chargehand("devices", "token")
    assert f"chargehand-edge enroll --hub URL --token TOKEN --hub-key {key_of(tmp_path / 'home')}" in made.err
    token = chargehand("devices", "token", "--group", "hall-3", "--json").json["token"]
    home = tmp_path / "home"
    visit(home, token)
    assert chargehand("devices", "list", "--json").json["version"] == "m@1"
    asked = chargehand("devices", "ask", "press-1", "why are you hot?", "--json").json
    assert "waits for the device" in chargehand("devices", "answers", "press-1").out
    job = '{"name": "read", "schedule": {"on": "once"}, "action": {"do": "tool", "tool": "sensor_sample"}}'
    assert chargehand("devices", "jobs", "put", job, "--group", "hall-3").code == 0
    assert "group hall-3" in chargehand("devices", "jobs", "list").out
    configured = chargehand(
        "devices", "configure", "every_s=30", "site=Taipei", "--rule", "site=device_wins", "--json"
    ).json
    assert configured["body"] == {"values": {"every_s": 30, "site": "Taipei"}, "rules": {"site": "device_wins"}}
    again = chargehand("devices", "token", "--device", "press-1", "--group", "hall-3").out.strip()
    device = visit(home, again, text="the fan is off")
    assert {kind for kind, _ in device.items} == {"configuration", "job"}
    answer = chargehand("devices", "answers", "--question", asked["id"], "--json").json
    assert answer["answer"] == "the fan is off"
    assert "the fan is off" in chargehand("devices", "answers").out
    assert [line["kind"] for line in chargehand("devices", "events", "press-1", "--json").lines][:2] == [
        "alert",
        "answer",
    ]
    assert "hot" in chargehand("devices", "events", "--kind", "alert").out
    health = chargehand("devices", "health", "--json").json
    assert (health["groups"][0]["here"], health["open_alerts"]) == (1, 2)
    assert "hall-3: 1 of 1 here" in chargehand("devices", "health").out
    assert "hall-3" in chargehand("devices", "groups").out
    assert "shall have: job read" in chargehand("devices", "show", "press-1").out
    assert chargehand("devices", "jobs", "remove", "read", "--group", "hall-3").code == 0
    assert chargehand("devices", "move", "press-1", "hall-4").code == 0
    assert chargehand("devices", "revoke", "press-1", "--reason", "stolen").code == 0
    assert "revoked" in chargehand("devices", "list").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "press-9"], "There is no device"),
        (["configure", "nonsense"], "is not KEY=VALUE"),
        (["ask", "press-9", "well?"], "There is no device"),
        (["configure", "a=1", "--group", "nowhere"], "There is no device in a group"),
        (["jobs", "put", "nonsense"], "not JSON"),
        (["jobs", "put", "{}"], "device_job_put cannot be called so"),
        (["jobs", "put", EVERY.format("99 * * * *")], "'99 * * * *' has a bad minute"),
        (["jobs", "put", EVERY.format("0 0 30 2 *")], "'0 0 30 2 *' is never due"),
        (["revoke", "press-9"], "--reason"),
        (["events", "--kind", "nonsense"], "kind"),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], said: str, chargehand: Chargehand) -> None:
    done = chargehand("devices", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_list_of_more_devices_than_a_page_is_whole(
    chargehand: Chargehand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"press-{number}" for number in range(1, 6)]
    chargehand("devices", "list")
    with closing(open_ledger(tmp_path / "home" / "ledger.sqlite")) as ledger, ledger.unit("default") as unit:
        for name in names:
            unit.devices.add(Device(name, "hall-3", "enrolled", datetime.now(UTC)))
    monkeypatch.setattr(devices, "_PAGE", 2)
    assert [line["id"] for line in chargehand("devices", "list", "--json").lines] == names
    lines = chargehand("devices", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == [*names, "5"]
    assert lines[-1] == "5 devices"
