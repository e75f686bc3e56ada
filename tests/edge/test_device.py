"""A device, put together from its settings."""

from pathlib import Path

from edge.device import open_device
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget
from edge.settings import SMALL_BELOW_MB, EdgeSettings, ModelSettings
from tests.bench.edge_footprint.server import instant_ollama
from tests.fakes.gguf_files import small_gguf

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
