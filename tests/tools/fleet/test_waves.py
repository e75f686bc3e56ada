"""A rollout over real devices: each wave gets the new model, and one that fails brings all back."""

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

import pytest

from edge.kernel.errors import Conflict, NotFound
from edge.kernel.protocol.desired import ModelTarget
from memory.ledger.rollouts import Target
from memory.ledger.versions import Model, Version
from tests.fakes.fleet_devices import FakeDevice, FleetWorks
from tests.fakes.rollouts import ScriptedWorld, serving
from tests.fakes.works import ANN, BOB
from tools.calling.approval_tools import approval_tools
from tools.registry.artifacts import keep
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerRolloutStore
from tools.rollouts.targets import wave
from tools.rollouts.tools import rollout_tools
from tools.rollouts.world import LedgerFleet, World
from tools.runs import Worker

MODEL = ("model", "model")
CARD = {"edge": {"runtime": "llama", "configuration": {"num_ctx": 512}}}


@dataclass
class Line:
    """A group of devices, each of which runs what it shall run, or fails to."""

    hub: FleetWorks
    devices: dict[str, FakeDevice] = field(default_factory=dict[str, FakeDevice])
    broken: set[str] = field(default_factory=set[str])

    async def open(self, count: int) -> None:
        works = self.hub.works
        works.add([*rollout_tools(), *approval_tools()])
        for number in (1, 2):
            self.register(f"phi@{number}", f"weights {number}".encode())
        with works.ledger.unit("default") as unit:
            unit.targets.save(Target("line", "devices", serving("phi@1").model_dump(mode="json"), works.now))
        for number in range(count):
            name = f"d{number}"
            self.devices[name] = await self.hub.enrolled(name, group="line")

    def register(self, name: str, weights: bytes | None, adapter: bytes | None = None) -> None:
        works = self.hub.works
        with works.ledger.unit("default") as unit:
            base = keep(unit, self.hub.contents, io.BytesIO(weights), "gguf", works.now).digest if weights else ""
            added = keep(unit, self.hub.contents, io.BytesIO(adapter), "gguf", works.now).digest if adapter else ""
            if unit.models.find("phi") is None:
                unit.models.add(Model("phi", None, "", works.now, "ada"))
            unit.versions.add(
                Version(
                    id=name, model="phi", reference="local:phi", base="phi", base_digest=base,
                    adapter="mine" if adapter else "", adapter_digest=added, quantisation="", digest=name,
                    stage="staging", parent=None, datasets=[], licence="mit", card=CARD, created_at=works.now,
                    created_by="ada",
                )
            )  # fmt: skip

    def look(self, times: int = 3) -> None:
        works, seen = self.hub.works, ScriptedWorld().world()
        world = World(seen.metrics, LedgerFleet(works.ledger), seen.gate, seen.approvals, seen.runtimes)
        reconciler = Worker(
            rollout_work(LedgerRolloutStore(works.ledger), world), holder="one", clock=lambda: works.now
        )
        for _ in range(times):
            reconciler.run_once()
            works.wait(seconds=5)

    async def sync(self) -> None:
        """Each device syncs, does what it shall, and says so."""
        for device in self.devices.values():
            await device.settle()
            wanted = device.items.get(MODEL)
            if wanted is None:
                continue
            key = ModelTarget.model_validate(wanted).key
            runs = device.reported.get("version", "")
            if key in self.broken and key != runs:
                device.report(version=runs, failed=key)
            elif key != runs:
                device.report(version=key)
            await device.settle()

    def wanted(self) -> dict[str, set[str]]:
        """Version -> devices that shall run it."""
        found: dict[str, set[str]] = {}
        for name, device in self.devices.items():
            found.setdefault(device.items[MODEL]["version"], set()).add(name)
        return found

    async def start(self, **options: Any) -> Any:
        given: dict[str, Any] = {"strategy": "canary", "percentages": [20, 50], "hold_s": 1, **options}
        return await self.hub.call("rollout_start", target="line", version="phi@2", **given)

    async def state(self, rollout: Any) -> Any:
        return (await self.hub.call("rollout_status", rollout=rollout.id)).rollout


@pytest.fixture
async def line(hub: FleetWorks) -> Line:
    made = Line(hub)
    await made.open(10)
    await made.sync()
    return made


async def test_a_group_gets_what_its_target_serves_with_its_files(line: Line) -> None:
    assert line.wanted() == {"phi@1": set(line.devices)}
    device = line.devices["d0"]
    target = ModelTarget.model_validate(device.items[MODEL])
    assert (target.runtime, target.configuration, target.adapter) == ("llama", {"num_ctx": 512}, None)
    assert await device.fetch(target.base.digest, length=3) == b"weights 1"
    other = f"sha256:{hashlib.sha256(b'weights 2').hexdigest()}"
    with pytest.raises(Exception, match="is not to have"):
        await device.fetch(other)


async def test_a_rollout_goes_over_the_devices_wave_by_wave(line: Line) -> None:
    rollout = await line.start()
    line.look()
    await line.sync()
    assert line.wanted()["phi@2"] == set(wave(line.devices, 20, "line"))
    assert await line.devices[min(line.wanted()["phi@2"])].fetch(f"sha256:{hashlib.sha256(b'weights 2').hexdigest()}")
    line.look()
    await line.sync()
    assert line.wanted()["phi@2"] == set(wave(line.devices, 50, "line"))
    for _ in range(3):
        line.look()
        await line.sync()
    assert (await line.state(rollout)).state == "promoted"
    assert line.wanted() == {"phi@2": set(line.devices)}
    with line.hub.works.ledger.view("default") as unit:
        assert [item.scope for item in unit.desired.all("model")] == ["group"]
    health = await line.hub.call("device_health", group="line")
    assert health.groups[0].versions == {"phi@2": 10}


async def test_a_wave_that_fails_beyond_the_threshold_brings_all_back(line: Line) -> None:
    line.broken.add("phi@2")
    rollout = await line.start(error_threshold=0.1)
    line.look()
    await line.sync()
    reached = line.wanted()["phi@2"]
    failing = (await line.hub.call("device_health")).groups[0].failing
    assert failing == dict.fromkeys(sorted(reached), "cannot run phi@2")
    line.look(5)
    await line.sync()
    assert (await line.state(rollout)).state == "rolled_back"
    assert line.wanted() == {"phi@1": set(line.devices)}
    assert all(device.reported["version"] == "phi@1" for device in line.devices.values())


async def test_devices_that_come_or_go_during_a_rollout_get_what_their_place_asks_for(line: Line) -> None:
    await line.start()
    line.look()
    for number in range(10, 20):
        line.devices[f"d{number}"] = await line.hub.enrolled(f"d{number}", group="line")
    moved = min(wave(line.devices, 20, "line"))
    await line.sync()
    assert line.wanted()["phi@2"] >= set(wave(line.devices, 20, "line"))
    await line.hub.call("device_move", device=moved, group="elsewhere")
    await line.devices[moved].settle()
    assert MODEL not in line.devices[moved].items


async def test_a_version_without_files_stops_its_rollout_and_not_the_devices(line: Line) -> None:
    line.register("phi@3", None)
    rollout = await line.hub.call("rollout_start", target="line", version="phi@3", percentages=[50], hold_s=1)
    for _ in range(12):
        line.look(1)
        line.hub.works.wait(seconds=300)
    state = await line.state(rollout)
    assert state.state == "paused"
    assert "no digest" in state.reason
    await line.sync()
    assert line.wanted() == {"phi@1": set(line.devices)}


async def test_an_adapter_is_fetched_beside_its_base(line: Line) -> None:
    line.register("phi@4", b"weights 4", b"adapter 4")
    await line.hub.call("device_model_assign", version="phi@4", device="d0", configuration={"num_ctx": 99})
    device = line.devices["d0"]
    await device.settle()
    target = ModelTarget.model_validate(device.items[MODEL])
    assert target.adapter is not None
    assert await device.fetch(target.adapter.digest) == b"adapter 4"
    assert target.key.startswith("phi@4@")
    assert target.configuration == {"num_ctx": 99}
    await line.hub.call("device_item_remove", kind="model", name="model", device="d0")
    await line.sync()
    assert line.wanted() == {"phi@1": set(line.devices)}


async def test_a_whole_group_is_given_a_model_only_with_somebody_s_agreement(line: Line) -> None:
    await line.hub.works.agree(ANN, BOB, "device_model_assign", version="phi@2", group="line")
    await line.sync()
    assert line.wanted() == {"phi@2": set(line.devices)}
    with pytest.raises(NotFound):
        await line.hub.call("device_model_assign", version="phi@9", device="d0")
    line.register("phi@5", b"weights 5")
    await line.hub.call("rollout_start", target="line", version="phi@5", percentages=[50])
    with pytest.raises(Conflict, match="rollout"):
        await line.hub.works.agree(ANN, BOB, "device_model_assign", version="phi@1", group="line")


async def test_the_first_model_of_a_group_comes_by_recreate(line: Line) -> None:
    device = await line.hub.enrolled("new", group="fresh")
    rollout = await line.hub.call("rollout_start", target="fresh", version="phi@2", strategy="recreate")
    line.look()
    await device.settle()
    assert device.items[MODEL]["version"] == "phi@2"
    device.report(version="phi@2")
    await device.settle()
    line.hub.works.wait(hours=1)
    line.look(4)
    assert (await line.state(rollout)).state == "promoted"
