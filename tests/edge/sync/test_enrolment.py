"""Enrolment: once, repeatable, with the hub that is trusted."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import InvalidInput, LinkFailed, StorageFailed, Untrusted
from edge.kernel.protocol.messages import Enrolled
from edge.kernel.protocol.signing import verify
from edge.sync.enrolment import enrol, read_enrolment
from tests.fakes.reference_hubs import signer_of

TOKEN = "che_once"


class Hub:
    def __init__(self, name: str = "hub") -> None:
        self.key = signer_of(name).public_key
        self.requests: list[Mapping[str, Any]] = []
        self.lost = False

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.requests.append(arguments)
        if self.lost:
            raise LinkFailed("cut")
        return Enrolled(
            tenant="default", device=arguments["device"], group="all", hub_id="hub-1", hub_key=self.key
        ).model_dump()


async def try_enrol(folder: Path, hub: Any, **changed: Any) -> Enrolled:
    arguments: dict[str, Any] = {"device": "press", "token": TOKEN, "facts": {"cpu": "arm"}, **changed}
    return await enrol(folder / "hub.json", hub, signer_of("press"), **arguments)


async def test_the_device_proves_its_key_and_keeps_who_the_hub_is(tmp_path: Path) -> None:
    hub = Hub()
    enrolled = await try_enrol(tmp_path, hub)
    (request,) = hub.requests
    verify(request["public_key"], request["proof"], hashlib.sha256(TOKEN.encode()).hexdigest().encode())
    assert read_enrolment(tmp_path / "hub.json") == enrolled
    assert enrolled.hub_key == hub.key


async def test_a_lost_answer_is_asked_for_again_in_the_same_words(tmp_path: Path) -> None:
    hub = Hub()
    hub.lost = True
    with pytest.raises(LinkFailed):
        await try_enrol(tmp_path, hub)
    assert read_enrolment(tmp_path / "hub.json") is None
    hub.lost = False
    await try_enrol(tmp_path, hub)
    assert hub.requests[0] == hub.requests[1]


@pytest.mark.parametrize("device", ["SE30 hall 3", "", "-press", "x" * 65, "按压机"])
async def test_a_name_that_no_hub_takes_is_told_before_it_is_asked(tmp_path: Path, device: str) -> None:
    hub = Hub()
    with pytest.raises(InvalidInput, match="is no name of a device"):
        await try_enrol(tmp_path, hub, device=device)
    assert hub.requests == []


async def test_another_hub_than_the_one_that_was_told_is_not_trusted(tmp_path: Path) -> None:
    with pytest.raises(Untrusted):
        await try_enrol(tmp_path, Hub("somebody"), hub_key=Hub().key)
    assert read_enrolment(tmp_path / "hub.json") is None


async def test_an_enrolled_device_does_not_change_hubs_by_itself(tmp_path: Path) -> None:
    first = await try_enrol(tmp_path, Hub())
    with pytest.raises(Untrusted):
        await try_enrol(tmp_path, Hub("somebody"))
    assert read_enrolment(tmp_path / "hub.json") == first
    await try_enrol(tmp_path, Hub())


async def test_answers_for_another_device_or_without_sense_are_refused(tmp_path: Path) -> None:
    class Confused(Hub):
        async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**await super().call(tool, arguments), "device": "another"}

    class Silent(Hub):
        async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"ok": True}

    for hub in (Confused(), Silent()):
        with pytest.raises(Untrusted):
            await try_enrol(tmp_path, hub)
    assert read_enrolment(tmp_path / "hub.json") is None


async def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "hub.json").write_text("{")
    with pytest.raises(StorageFailed, match="enrol the device anew"):
        await try_enrol(tmp_path, Hub())
