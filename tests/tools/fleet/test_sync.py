"""One exchange after the other: everything comes once, and in order, whatever the link does to the requests."""

import math
from dataclasses import replace
from typing import Any

import pytest

from edge.kernel.errors import Conflict, InvalidInput, NotAllowed
from edge.kernel.protocol.desired import DESIRED, Desired, state_digest
from edge.kernel.protocol.events import FIRST_CHAIN
from memory.ledger.devices import Device, Uplink
from tests.fakes.fleet_devices import FakeDevice, FleetWorks, new_signer
from tests.fakes.works import ANN
from tools.fleet.sync import Exchange, sync_tool

CONFIGURATION = ("configuration", "configuration")


async def kept(hub: FleetWorks, device: FakeDevice) -> list[Any]:
    """The texts of the device's notes that the hub has, oldest first."""
    found = await hub.call("device_events", device=device.name, kind="note", limit=500)
    return [one.body["n"] for one in found.events][::-1]


async def test_a_device_enrols_syncs_and_gets_what_it_shall_be(hub: FleetWorks) -> None:
    device = await hub.enrolled(group="hall-3")
    await hub.call("device_configure", values={"every_s": 30}, group="hall-3")
    device.record("note", text="hello")
    device.report(version="m@1")
    response = await device.sync()
    assert response.cursor == 1
    assert device.items[CONFIGURATION]["values"] == {"every_s": 30}
    await device.settle()
    listed = await hub.call("device_list")
    assert [(one.id, one.group, one.version, one.events, one.behind) for one in listed.devices] == [
        ("press-1", "hall-3", "m@1", 1, False)
    ]
    assert [entry.principal for entry in hub.works.audit() if entry.tool == "edge_sync"] == ["device:press-1"] * 2


@pytest.mark.parametrize("packed", [False, True])
async def test_a_request_that_comes_twice_or_late_changes_nothing(hub: FleetWorks, packed: bool) -> None:
    device = await hub.enrolled()
    for n in range(3):
        device.record("note", n=n)
    first = device.request(2, packed=packed)
    answers = [await device.send(first) for _ in range(3)]
    assert [answer.cursor for answer in answers] == [2, 2, 2]
    device.take(answers[0], first["nonce"])
    await device.sync()
    assert (await device.send(first)).cursor == 3, "an old copy moves nothing back"
    assert await kept(hub, device) == [0, 1, 2]


async def test_what_goes_on_from_another_place_is_not_taken_and_the_answer_says_where_the_hub_is(
    hub: FleetWorks,
) -> None:
    device = await hub.enrolled()
    for n in range(4):
        device.record("note", n=n)
    ahead = device.request(after=2, after_chain=device.chain_at(2), events=device.events[2:])
    response = await device.send(ahead)
    assert (response.cursor, response.cursor_chain, response.forked) == (0, FIRST_CHAIN, False)
    await device.settle()
    assert await kept(hub, device) == [0, 1, 2, 3]


async def test_a_device_whose_disk_was_set_back_begins_anew_and_nothing_comes_twice(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    for n in range(4):
        device.record("note", n=n)
    await device.sync(2)
    before = replace(device, events=device.events[:3])
    await device.settle()
    before.record("note", n=33)
    before.record("note", n=34)
    await before.sync()
    assert before.stream != device.stream
    await before.settle()
    assert await kept(hub, before) == [0, 1, 2, 3, 33, 34]


async def test_another_history_at_the_hub_s_place_is_a_fork_and_is_told_to_people(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    device.record("note", n=1)
    await device.settle()
    other = replace(device, events=[])
    other.record("note", n=2)
    response = await other.send(other.request())
    assert response.forked
    with hub.works.ledger.view("default") as unit:
        assert [alert.subject for alert in unit.alerts.all()] == ["press-1"]


async def test_a_clone_raises_an_alarm_and_is_told_nothing_until_somebody_decides(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    device.record("note", n=0)
    await device.settle()
    clone = replace(device, events=list(device.events), items=dict(device.items))
    for n in range(3):
        for one in (device, clone):
            one.record("note", n=f"{one is clone} {n}")
            await one.settle()
    with hub.works.ledger.view("default") as unit:
        assert unit.devices.get("press-1").state == "suspect"
        (alert,) = [alert for alert in unit.alerts.all() if alert.id == "clone-press-1"]
        assert (alert.severity, alert.subject) == ("critical", "press-1")
    await hub.call("device_configure", values={"a": 1}, device="press-1")
    await hub.call("device_configure", values={"a": 2})
    for one in (device, clone):
        one.record("note", n="last")
        assert (await one.sync()).desired is None
    assert (await hub.call("device_health")).groups[0].suspect == 1
    token = await hub.token(device="press-1")
    with pytest.raises(Conflict, match="uses the key"):
        await device.enrol(token)
    device.signer = new_signer()
    await device.enrol(token)
    device.record("note", n="the right one")
    await device.settle()
    assert device.items[CONFIGURATION]["values"] == {"a": 1}
    with hub.works.ledger.view("default") as unit:
        assert unit.devices.get("press-1").state == "enrolled"
        assert unit.alerts.get("clone-press-1").state == "closed"


async def test_a_disk_that_was_set_back_twice_is_no_clone(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    for n in range(3):
        device.record("note", n=n)
    await device.sync(1)
    backup = replace(device, events=device.events[:2])
    await device.settle()
    for n in range(2):
        device = replace(backup, events=list(backup.events))
        device.record("note", n=f"again {n}")
        await device.settle()
    with hub.works.ledger.view("default") as unit:
        assert unit.devices.get("press-1").state == "enrolled"


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"d": found}
    return found


POISON: dict[str, dict[str, Any]] = {
    "unknown kind": {"kind": "virus"},
    "no body": {"body": None},
    "extra": {"admin": True},
    "not a number": {"body": {"x": math.nan}},
    "endless uptime": {"uptime_s": math.inf},
    "null in the time": {"at": "12:00\0"},
    "half a character": {"at": "\ud800"},
    "too long": {"body": {"x": "y" * 70_000}},
    "nested": {"body": nested(70)},
    "altered": {"body": {"n": "forged"}},
    "chain of nothing": {"chain": "f" * 64},
    "no chain": {"chain": None},
    "number of text": {"seq": "2"},
    "number before": {"seq": 0},
    "huge number": {"seq": 2**60},
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", POISON)
async def test_a_poison_event_is_set_aside_and_told_and_the_others_go_on(
    hub: FleetWorks, name: str, packed: bool
) -> None:
    if packed and name in {"not a number", "endless uptime"}:
        pytest.skip("canonical JSON has no such number")
    device = await hub.enrolled()
    good = [device.record("note", n=n) for n in range(3)]
    device.events[1] = {**good[1], **POISON[name]}
    request = device.request(packed=packed, through_chain=good[2]["chain"], after_chain=FIRST_CHAIN)
    response = await device.send(request)
    assert response.cursor == 3
    assert len(response.rejected) == 1
    assert 1 <= response.rejected[0].seq <= 3
    assert response.rejected[0].reason
    assert await kept(hub, device) == [0, 2]
    again = await device.send(request)
    assert again.rejected == response.rejected, "the first answer may have been lost"
    shown = await hub.call("device_show", device=device.name)
    assert len(shown.rejected) == 1
    device.events[1] = good[1]
    device.after = 3
    device.record("note", n=4)
    await device.settle()
    assert await kept(hub, device) == [0, 2, 4]


async def test_events_with_nonsense_of_json_do_not_stop_a_sync(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    device.record("note", n=1, text="half \udc00 and \0 null", big=10**40)
    device.record("alert", message="hot \0\udc00", severity="terrible", subject=["no text"])
    device.record("answer", id="q\0", text=5)
    await device.settle()
    found = await hub.call("device_events", device=device.name)
    assert [one.kind for one in found.events] == ["answer", "alert", "note"]
    with hub.works.ledger.view("default") as unit:
        (alert,) = unit.alerts.all()
        assert (alert.severity, alert.subject) == ("warning", "press-1")


@pytest.mark.parametrize(
    "changed",
    [
        {"through": 0, "after": 1},
        {"packed": "nonsense"},
        {"stream": "x"},
        {"events": [{}] * 501},
        {"reported": {"x": math.nan}, "reported_version": 9},
        {"have_revision": -2},
        {"after": -1},
        {"tenant": "globex"},
        {"reported": nested(300), "reported_version": 9},
    ],
)
async def test_a_request_that_cannot_be_read_is_refused_and_written_down(
    hub: FleetWorks, changed: dict[str, Any]
) -> None:
    device = await hub.enrolled()
    with pytest.raises(InvalidInput):
        await hub.works.call(device.context, "edge_sync", **{**device.request(), **changed})
    assert hub.works.outcomes()[-1] == ("device:press-1", "edge_sync", "refused")


async def test_nobody_but_an_enrolled_device_syncs(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    request = device.request()
    for caller in (
        ANN,
        replace(ANN, principal="press-1"),
        replace(device.context, principal="device:press-2"),
        replace(device.context, tenant="globex"),
    ):
        with pytest.raises(NotAllowed):
            await hub.works.call(caller, "edge_sync", **request)
    await hub.call("device_revoke", device="press-1", reason="stolen")
    with pytest.raises(NotAllowed, match="not enrolled"):
        await device.send(request)
    with pytest.raises(NotAllowed):
        await hub.works.call(device.context, "edge_artifact", digest="sha256:" + "0" * 64)


async def test_what_is_reported_is_the_newest_and_an_old_copy_does_not_come_back(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    device.report(version="m@1")
    old = device.request()
    await device.send(old)
    device.report(version="m@2")
    await device.settle()
    await device.send(old)
    (shown,) = (await hub.call("device_list")).devices
    assert shown.version == "m@2"
    device.stream, device.after, device.reported_version, device.hub_has = "a" * 32, 0, 0, -1
    device.events = []
    device.report(version="m@3")
    await device.settle()
    (shown,) = (await hub.call("device_list")).devices
    assert shown.version == "m@3", "a device with a new disk counts from the start"


async def test_more_special_items_go_before_more_general_ones_and_give_way_again(hub: FleetWorks) -> None:
    device = await hub.enrolled(group="hall-3")
    await hub.call("device_configure", values={"a": 1, "b": 1, "c": 1}, rules={"a": "hub_wins"})
    await hub.call("device_configure", values={"b": 2, "c": 2}, group="hall-3")
    await hub.call("device_configure", values={"c": 3}, device=device.name)
    await hub.call("device_prompt_set", text="for all")
    await hub.call("device_prompt_set", text="for the device", device=device.name)
    await device.settle()
    assert device.items[CONFIGURATION] == {"values": {"a": 1, "b": 2, "c": 3}, "rules": {"a": "hub_wins"}}
    assert device.items["prompt", "system"] == {"text": "for the device"}
    await hub.call("device_item_remove", kind="prompt", name="system", device=device.name)
    await hub.call("device_configure", values={"c": None}, device=device.name)
    await device.settle()
    assert device.items["prompt", "system"] == {"text": "for all"}
    assert device.items[CONFIGURATION]["values"]["c"] == 2
    await hub.call("device_item_remove", kind="prompt", name="system")
    await device.settle()
    assert ("prompt", "system") not in device.items
    revision = device.revision
    assert (await device.sync()).desired is None
    assert device.revision == revision


async def test_a_device_that_moves_gets_all_of_its_new_group(hub: FleetWorks) -> None:
    device, other = await hub.enrolled("press-1", group="hall-3"), await hub.enrolled("press-2", group="hall-4")
    await hub.call("device_prompt_set", text="three", name="greeting", group="hall-3")
    await hub.call("device_prompt_set", text="four", name="farewell", group="hall-4")
    await device.settle()
    await other.settle()
    await hub.call("device_move", device="press-1", group="hall-4")
    await device.settle()
    assert device.items == other.items
    assert (await other.sync()).desired is None


async def test_what_a_device_lost_or_altered_it_gets_again(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    await hub.call("device_prompt_set", text="one")
    await device.settle()
    items = device.items
    device.items = {}
    await device.sync()
    assert device.items == items
    device.items, device.whole = {("prompt", "other"): {"text": "x"}}, True
    await device.sync()
    assert device.items == items


async def test_desired_state_is_signed_for_one_device_alone(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    await hub.call("device_prompt_set", text="one")
    response = await device.send(device.request())
    assert response.desired is not None
    desired = Desired.model_validate(response.desired.open(DESIRED, hub.identity.hub_key))
    assert desired.device == device.name
    assert desired.digest == state_digest(desired.items)


async def test_alerts_are_raised_once_and_questions_answered_by_whom_they_were_put_to(hub: FleetWorks) -> None:
    device, other = await hub.enrolled("press-1"), await hub.enrolled("press-2")
    asked = await hub.call("device_ask", device="press-1", text="why are you hot?")
    other.record("answer", id=asked.id, text="it is not me")
    await other.settle()
    await device.settle()
    assert device.items["question", asked.id]["text"] == "why are you hot?"
    device.record("alert", message="hot", severity="critical", subject="spindle")
    device.record("answer", id=asked.id, text="the fan is off", model="m@1")
    device.record("answer", id=asked.id, text="second thoughts")
    request = device.request()
    await device.send(request)
    await device.send(request)
    await device.settle()
    assert ("question", asked.id) not in device.items
    (answer,) = (await hub.call("device_answers", device="press-1")).questions
    assert (answer.answer, answer.details["model"]) == ("the fan is off", "m@1")
    assert (await hub.call("device_answers", waiting=True)).questions == []
    with hub.works.ledger.view("default") as unit:
        assert [(one.message, one.severity) for one in unit.alerts.all()] == [("spindle: hot", "critical")]


async def test_the_more_devices_there_are_the_less_often_each_comes(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    assert (await device.sync()).next_s == 60
    with hub.works.ledger.unit("default") as unit:
        for n in range(100):
            unit.devices.add(Device(f"d{n}", "g", "enrolled", hub.works.now))
            unit.uplinks.save(Uplink(f"d{n}", ""))
    exchange = Exchange(hub.identity, every_s=1, most_per_s=10)
    hub.works.add([sync_tool(exchange)])
    assert (await device.sync()).next_s == 10.1


async def test_what_was_asked_at_a_device_is_answered_at_the_hub_and_shown_once(hub: FleetWorks) -> None:
    device, other = await hub.enrolled("press-1"), await hub.enrolled("press-2")
    for one in (device, other):
        one.record("question", id="7", text=f"who mends {one.name}?", by="operator", language="en", reasons=["no rung"])
        one.record("question", id="7", text="the same id again")
        one.record("question", id="", text="no id")
        await one.settle()
    asked = (await hub.call("device_questions", device="press-1")).questions
    assert [(one.id, one.text, one.asked_by) for one in asked] == [("press-1:7", "who mends press-1?", "operator")]
    assert asked[0].details == {"language": "en", "reasons": ["no rung"]}
    assert (await hub.call("device_answers")).questions == []
    await hub.call("device_reply", question="press-1:7", text="Ann does.", citations=["rota"])
    with pytest.raises(Conflict):
        await hub.call("device_reply", question="press-1:7", text="Bob does.")
    response = await device.sync()
    assert response.desired is not None
    assert device.items["reply", "7"] == {
        "question": "7",
        "text": "Ann does.",
        "citations": ["rota"],
        "asked": "who mends press-1?",
    }
    await other.settle()
    assert ("reply", "7") not in other.items
    await device.settle()
    assert device.items == {}
    assert [one.id for one in (await hub.call("device_questions")).questions] == ["press-2:7"]


async def test_a_device_cannot_answer_or_overwrite_what_another_was_asked(hub: FleetWorks) -> None:
    device, other = await hub.enrolled("press-1"), await hub.enrolled("press-2")
    asked = await hub.call("device_ask", device="press-1", text="well?")
    other.record("question", id=asked.id, text="mine now")
    other.record("answer", id=asked.id, text="it is well")
    await other.settle()
    (question,) = (await hub.call("device_answers")).questions
    assert (question.text, question.answer) == ("well?", None)
    device.record("question", id="1", text="hello?")
    await device.settle()
    device.record("answer", id="press-1:1", text="I answer myself")
    await device.settle()
    assert [one.answer for one in (await hub.call("device_questions", device="press-1")).questions] == [None]
