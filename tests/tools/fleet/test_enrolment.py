"""Tokens let in one device each, which keeps its own key; forged and repeated enrolments come to nothing."""

from dataclasses import replace
from typing import Any

import pytest

from edge.kernel.errors import ChargehandError, Conflict, InvalidInput, NotAllowed
from tests.fakes.fleet_devices import FakeDevice, FleetWorks, MemoryIdentity, new_signer
from tests.fakes.works import ANN
from tools.fleet.credentials import Identity, find_device, find_enroller


async def test_the_token_is_shown_once_and_kept_as_a_hash(hub: FleetWorks) -> None:
    made: Any = await hub.call("device_enrolment_token", group="hall-3")
    assert made.hub_key == hub.identity.hub_key
    with hub.works.ledger.view("default") as unit:
        (kept,) = unit.enrolments.all()
    assert made.token not in str(kept)
    assert made.token not in (await hub.call("device_tokens")).model_dump_json()
    assert find_enroller(hub.works.ledger, made.token, hub.works.now).scopes == {"edge:enrol"}


async def test_the_same_device_may_ask_again_and_gets_the_same_answer(hub: FleetWorks) -> None:
    token = await hub.token(group="hall-3")
    device = FakeDevice(hub, "press-1")
    first = await device.enrol(token)
    device.record("note", n=1)
    await device.settle()
    hub.works.wait(hours=48)
    assert find_enroller(hub.works.ledger, token, hub.works.now)
    assert await device.enrol(token) == first
    (shown,) = (await hub.call("device_list")).devices
    assert shown.events == 1
    assert first.group == "hall-3"


@pytest.mark.parametrize("change", ["key", "name", "key and name"])
async def test_a_used_token_is_good_for_nobody_else(hub: FleetWorks, change: str) -> None:
    token = await hub.token()
    device = FakeDevice(hub, "press-1")
    await device.enrol(token)
    thief = replace(device)
    if "key" in change:
        thief.signer = new_signer()
    if "name" in change:
        thief.name = "press-2"
    with pytest.raises(NotAllowed, match="used by 'press-1'"):
        await thief.enrol(token)
    assert hub.works.outcomes()[-1][1:] == ("edge_enroll", "refused")
    with hub.works.ledger.view("default") as unit:
        assert [device.id for device in unit.devices.all()] == ["press-1"]
        assert unit.uplinks.all()[0].public_key == device.signer.public_key


async def test_a_proof_that_does_not_fit_is_refused(hub: FleetWorks) -> None:
    token, other = await hub.token(), await hub.token()
    device = FakeDevice(hub, "press-1")
    for changed in (
        {"proof": device.enrolling(other)["proof"]},
        {"public_key": new_signer().public_key},
        {"proof": "A" * 88},
    ):
        with pytest.raises(NotAllowed, match="proof"):
            await device.enrol(token, **changed)
    for changed in ({"public_key": "short"}, {"device": "no name"}, {"device": "../x"}, {"proof": ""}):
        with pytest.raises(InvalidInput):
            await device.enrol(token, **changed)
    await device.enrol(token)


async def test_tokens_run_out_and_can_be_for_one_device(hub: FleetWorks) -> None:
    token = await hub.token(hours=1)
    hub.works.wait(hours=2)
    with pytest.raises(NotAllowed, match="not valid"):
        find_enroller(hub.works.ledger, token, hub.works.now)
    with pytest.raises(NotAllowed, match="not valid"):
        await FakeDevice(hub, "press-1").enrol(token)
    with pytest.raises(NotAllowed, match="not for 'press-1'"):
        await FakeDevice(hub, "press-1").enrol(await hub.token(device="press-2"))
    for forged in ("che_", "che_x_y", "chk_x", "", "che_\udc00"):
        with pytest.raises(NotAllowed):
            find_enroller(hub.works.ledger, forged, hub.works.now)


async def test_nobody_takes_another_device_s_name_without_a_token_for_it(hub: FleetWorks) -> None:
    device = await hub.enrolled("press-1")
    device.record("note", n=1)
    await device.settle()
    with pytest.raises(Conflict, match="already"):
        await FakeDevice(hub, "press-1").enrol(await hub.token())
    mended = FakeDevice(hub, "press-1")
    await mended.enrol(await hub.token(device="press-1", group="hall-4"))
    mended.record("note", n=2)
    await mended.settle()
    (shown,) = (await hub.call("device_list")).devices
    assert (shown.events, shown.group) == (2, "hall-4")
    body = b"{}"
    with pytest.raises(NotAllowed):
        find_device(hub.works.ledger, hub.identity, device.authorization(body).partition(" ")[2], body)
    assert find_device(hub.works.ledger, hub.identity, mended.authorization(body).partition(" ")[2], body)


async def test_a_revoked_device_comes_back_only_with_a_token_of_its_own(hub: FleetWorks) -> None:
    token = await hub.token()
    device = FakeDevice(hub, "press-1")
    await device.enrol(token)
    await hub.call("device_revoke", device="press-1", reason="stolen")
    for again in (token, await hub.token()):
        with pytest.raises(ChargehandError):
            await device.enrol(again)
    await device.enrol(await hub.token(device="press-1"))
    await device.settle()


async def test_people_cannot_enrol_and_devices_can_do_nothing_else(hub: FleetWorks) -> None:
    device = await hub.enrolled()
    arguments = FakeDevice(hub, "press-2").enrolling(await hub.token())
    for caller in (ANN, device.context, replace(ANN, principal="enrolment:none")):
        with pytest.raises(NotAllowed):
            await hub.works.call(caller, "edge_enroll", **arguments)
    for name, spec in hub.works.tools.items():
        if name not in {"edge_sync", "edge_artifact"}:
            assert not spec.scopes <= device.context.scopes, name


async def test_a_request_is_signed_by_its_device_to_this_hub_as_it_is(hub: FleetWorks) -> None:
    await hub.works.call(ANN, "device_enrolment_token")
    device, other = await hub.enrolled("press-1"), await hub.enrolled("press-2")
    body = b'{"x": 1}'
    ledger, here = hub.works.ledger, hub.identity
    claim = device.authorization(body).partition(" ")[2]
    caller = find_device(ledger, here, claim, body)
    assert (caller.principal, caller.tenant, caller.scopes) == ("device:press-1", "default", {"edge:sync"})
    signature = claim.partition(" ")[2]
    wrong: list[tuple[Identity, str, bytes]] = [
        (here, claim, body + b" "),
        (MemoryIdentity(), claim, body),
        (here, f"default/press-2 {signature}", body),
        (here, f"globex/press-1 {signature}", body),
        (here, f"default/nobody {signature}", body),
        (here, "default/press-1", body),
        (here, "default/press-1 ", body),
        (here, "default/press-1 §", body),
        (here, f"default/press-1 {'A' * 2000}", body),
        (here, "", body),
        (here, replace(other, name="press-1").authorization(body).partition(" ")[2], body),
    ]
    for given_hub, given_claim, given_body in wrong:
        with pytest.raises(NotAllowed, match="signature is not valid"):
            find_device(ledger, given_hub, given_claim, given_body)
    await hub.call("device_revoke", device="press-1", reason="stolen")
    with pytest.raises(NotAllowed):
        find_device(ledger, here, claim, body)
