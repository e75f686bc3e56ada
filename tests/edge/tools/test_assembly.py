"""All tools of a device together."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.sensors.board import SensorBoard
from edge.sensors.configuration import Sensor, Simulated
from edge.tools.assembly import DeviceParts, device_toolbox
from edge.tools.registry import DEFAULT_TOOLS
from edge.tools.tool import device_tool
from tests.fakes.device_journals import MemoryJournal


def parts(folder: Path) -> DeviceParts:
    sensor = Sensor(name="cabinet", aliases=("柜温",), description="cabinet temperature", source=Simulated())
    return DeviceParts(MemoryJournal(), board=SensorBoard([sensor]), log_folders={"app": folder}, model=lambda: None)


def test_a_device_has_the_tools_of_the_parts_that_it_has(tmp_path: Path) -> None:
    bare = device_toolbox(DeviceParts(MemoryJournal()))
    assert bare.names == ("alert_raise", "note_take", "system_health")
    whole = device_toolbox(parts(tmp_path))
    assert set(whole.names) == {
        "alert_raise",
        "log_search",
        "note_take",
        "sensor_list",
        "sensor_read",
        "sensor_sample",
        "system_health",
    }
    assert {"diagnostic_run", "evaluation_run"} <= set(whole._tools)


def test_what_is_allowed_by_default_writes_nothing_but_records() -> None:
    assert DEFAULT_TOOLS.isdisjoint({"diagnostic_run", "evaluation_run"})


def test_an_owners_tool_may_not_take_the_name_of_another() -> None:
    def system_health() -> dict[str, object]:
        """Say that all is well."""
        return {}

    with pytest.raises(ValueError, match="same name"):
        device_toolbox(DeviceParts(MemoryJournal()), [device_tool(system_health)])


def test_the_descriptions_of_all_tools_fit_a_small_context(tmp_path: Path) -> None:
    toolbox = device_toolbox(parts(tmp_path))
    assert all(len(toolbox.tool(name).description) < 200 for name in toolbox.all_names)


def test_importing_the_tools_is_light() -> None:
    program = (
        "import pydantic, sys, time; began = time.perf_counter(); import edge.tools.assembly\n"
        "print(time.perf_counter() - began)\n"
        "print([name for name in ('numpy', 'smolagents', 'mcp', 'httpx', 'ollama', 'cryptography', 'ctypes', 'pymodbus', 'asyncio') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.splitlines()[1] == "[]"
