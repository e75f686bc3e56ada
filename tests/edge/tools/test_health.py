"""How the device tells how it is."""

from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import InvalidInput
from edge.tools.health import Machine, health_tools
from edge.tools.registry import Toolbox
from tests.fakes.device_journals import MemoryJournal

MEMORY = "MemTotal: 4096000 kB\nMemFree: 100 kB\nMemAvailable: 1024000 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\n"


def health(root: Path, disk: Path | None = None, **arguments: Any) -> dict[str, Any]:
    machine = Machine(root, disk or root, sleep=lambda _: None)
    return Toolbox(health_tools(machine), MemoryJournal()).call("system_health", arguments, by="x")


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_this_machine_is_told() -> None:
    found = health(Path("/"))
    assert found["memory"]["total_mb"] >= found["memory"]["available_mb"] > 0
    assert found["disk"]["total_mb"] >= found["disk"]["free_mb"] >= 0
    assert found["memory"]["agent_mb"] > 1
    assert found["cpu"]["cores"] >= 1
    assert found["uptime_s"] > 0


def test_a_machine_that_tells_nothing_is_all_none(tmp_path: Path) -> None:
    found = health(tmp_path, disk=tmp_path / "gone")
    assert (found["memory"], found["disk"], found["temperature"], found["uptime_s"]) == (None, None, None, None)
    assert (found["cpu"]["busy_percent"], found["cpu"]["load_1m"]) == (None, None)
    assert found["problems"] == []


def test_a_hot_and_full_gateway_is_told_with_its_problems(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "proc/meminfo": MEMORY.replace("1024000", "204800"),
            "proc/loadavg": "99.0 98.5 97.25 1/200 4711\n",
            "proc/uptime": "86400.5 1.0\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "91250\n",
            "sys/class/hwmon/hwmon0/name": "nvme\n",
            "sys/class/hwmon/hwmon0/temp1_input": "45000\n",
            "sys/class/hwmon/hwmon0/temp1_label": "Composite\n",
        },
    )
    found = health(root)
    assert found["temperature"] == {
        "celsius": 91.2,
        "zones": [{"name": "cpu-thermal", "celsius": 91.2}, {"name": "nvme Composite", "celsius": 45.0}],
    }
    assert found["memory"]["used_percent"] == 95.0
    assert found["memory"]["swap_used_mb"] == 1
    assert found["uptime_s"] == 86400.5
    assert [problem.split()[0] for problem in found["problems"]][:1] == ["Memory"]
    assert any("91.2 °C" in problem for problem in found["problems"])
    assert any("overloaded" in problem for problem in found["problems"])


@pytest.mark.parametrize("reading", ["-273150", "255000", "", "n/a", "9" * 400])
def test_a_temperature_that_cannot_be_is_no_temperature(tmp_path: Path, reading: str) -> None:
    assert health(write(tmp_path, {"sys/class/thermal/thermal_zone0/temp": reading}))["temperature"] is None


def test_how_busy_the_processor_is_comes_from_two_looks(tmp_path: Path) -> None:
    stat = tmp_path / "proc/stat"
    write(tmp_path, {"proc/stat": "cpu 100 0 100 800 0 0 0 0 0 0\n"})
    machine = Machine(tmp_path, tmp_path, sleep=lambda _: stat.write_text("cpu 160 0 115 825 0 0 0 0 0 0\n") and None)
    found = Toolbox(health_tools(machine), MemoryJournal()).call("system_health", {}, by="x")
    assert found["cpu"]["busy_percent"] == 75.0


def test_garbage_in_proc_is_survived(tmp_path: Path) -> None:
    root = write(
        tmp_path, dict.fromkeys(("proc/stat", "proc/meminfo", "proc/loadavg", "proc/uptime"), "\x00ÿ:::\n-1 zz")
    )
    assert health(root)["memory"] is None


def test_it_takes_no_arguments(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="path"):
        health(tmp_path, path="/etc")
