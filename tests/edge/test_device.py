"""A device, put together from its settings."""

import asyncio
import json
from pathlib import Path

import pytest

from edge.device import open_device
from edge.kernel.errors import NotAllowed
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget
from edge.kernel.protocol.messages import Enrolled
from edge.settings import SMALL_BELOW_MB, EdgeSettings, ModelSettings
from tests.bench.edge_footprint.server import instant_ollama
from tests.fakes.edge_devices import DirectLink, open_syncer
from tests.fakes.gguf_files import small_gguf
from tests.fakes.reference_hubs import ReferenceHub

HUGE = ArtifactRef(digest="sha256:" + "0" * 64, size_bytes=1 << 50)


def settings(home: Path, ollama: str) -> EdgeSettings:
    return EdgeSettings(home=home, models=ModelSettings(ollama=ollama, runtime="ollama", budget_mb=1 << 40))


def test_a_model_that_this_machine_could_never_load_is_refused_and_reported(tmp_path: Path) -> None:
    with instant_ollama() as url, open_device(settings(tmp_path, url)) as device:
        target = ModelTarget(key="huge", version="1", base=HUGE)
        while (report := device.life.step(target)).moved:
            pass
    assert report.failed == "huge"
    assert "does not fit the memory" in report.why


def test_the_memory_of_another_machine_is_not_guessed(tmp_path: Path) -> None:
    with open_device(settings(tmp_path / "here", "http://localhost:11434")) as device:
        memory = device.memory_of("ollama")
        assert memory is not None
        assert memory.total_bytes > memory.free_bytes > 0
    with open_device(settings(tmp_path / "away", "http://ollama.example.com:11434")) as device:
        assert device.memory_of("ollama") is None
        assert device.memory_of("llama") is not None


def test_a_small_model_answers_people_only_where_the_settings_say_so(tmp_path: Path) -> None:
    sizes = {"tiny": 1 << 20, "large": SMALL_BELOW_MB << 20}
    for name, size in sizes.items():
        with (tmp_path / f"{name}.gguf").open("wb") as file:
            file.write(small_gguf(name))
            file.truncate(size)
    both = {"small": str(tmp_path / "tiny.gguf"), "larger": str(tmp_path / "large.gguf"), "runtime": "llama"}
    for allowed, people in ((False, ["own-large"]), (True, ["own-tiny", "own-large"])):
        models = ModelSettings(**both, small_answers_people=allowed)  # type: ignore[arg-type]
        with open_device(EdgeSettings(home=tmp_path / str(allowed), models=models)) as device:
            assert [model.name for model in device.models()] == ["own-tiny", "own-large"]
            assert [model.name for model in device.models_for_people()] == people


POLICY = {"tools": ["note_take", "sensor_list"], "diagnostics": [], "limits": {}}


def test_a_policy_that_was_altered_on_the_disk_allows_nothing(tmp_path: Path) -> None:
    hub = ReferenceHub()
    with open_device(EdgeSettings(home=tmp_path)) as device:
        syncer = open_syncer(hub, DirectLink(hub, "a"), device.parts.database, device.parts.outbox)
        told = Enrolled(tenant="default", device="a", group="default", hub_id="hub", hub_key=hub.signer.public_key)
        device.parts.home.enrolment.write_text(told.model_dump_json())
        assert "system_health" in device.toolbox.names  # told nothing: the least
        hub.want("a", "policy", "policy", POLICY)
        asyncio.run(syncer.round())
        assert device.toolbox.names == ("note_take", "sensor_list")
        altered = json.dumps({**POLICY, "tools": ["note_take", "diagnostic_run"], "diagnostics": ["processes"]})
        with device.parts.database.transaction() as rows:
            rows.execute("UPDATE desired SET body = ? WHERE kind = 'policy'", (altered,))
        assert device.toolbox.names == ()
        with pytest.raises(NotAllowed, match="not what the hub signed"):
            device.toolbox.call("note_take", {"text": "x"}, by="p")
        assert device.parts.desired.standing().whole
        asyncio.run(syncer.round())
        assert device.toolbox.names == ("note_take", "sensor_list")
        with device.parts.database.transaction() as rows:
            rows.execute("DELETE FROM desired WHERE kind = 'policy'")
        assert device.toolbox.names == ()
