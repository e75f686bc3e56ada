"""All tools of a device together."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.device import open_toolbox
from edge.tools.health import Machine, health_tools
from edge.tools.registry import DEFAULT_TOOLS, Toolbox
from edge.tools.tool import device_tool
from tests.fakes.device_journals import MemoryJournal

TOOLS = (
    *(f"edge.tools.{name}" for name in ("diagnostics", "evaluation", "health", "logs", "registry", "reports")),
    "edge.knowledge.pack_store",
    "edge.sensors.board",
)


def whole_toolbox(folder: Path) -> Toolbox:
    (folder / "device.toml").write_text(
        f'[logs]\napp = "{folder}"\n[[sensors]]\nname = "cabinet"\nsource = {{ driver = "simulator" }}\n',
        encoding="utf-8",
    )
    return open_toolbox(folder)


def test_a_device_has_the_tools_of_the_parts_that_it_has(tmp_path: Path) -> None:
    bare = open_toolbox(tmp_path / "bare")
    assert set(bare.names) == DEFAULT_TOOLS - {"log_search"}
    whole = whole_toolbox(tmp_path)
    assert set(whole.names) == DEFAULT_TOOLS
    assert {"diagnostic_run", "evaluation_run"} <= set(whole.all_names)


def test_what_is_allowed_by_default_writes_nothing_but_records() -> None:
    assert DEFAULT_TOOLS.isdisjoint({"diagnostic_run", "evaluation_run"})


def test_a_tool_may_not_take_the_name_of_another() -> None:
    def system_health() -> dict[str, object]:
        """Say that all is well."""
        return {}

    with pytest.raises(ValueError, match="same name"):
        Toolbox([*health_tools(Machine()), device_tool(system_health)], MemoryJournal())


def test_the_descriptions_of_all_tools_fit_a_small_context(tmp_path: Path) -> None:
    toolbox = whole_toolbox(tmp_path)
    assert all(len(toolbox.tool(name).description) < 200 for name in toolbox.all_names)


def test_importing_the_tools_is_light() -> None:
    program = (
        "import pydantic, sys, time; began = time.perf_counter(); import " + ", ".join(TOOLS) + "\n"
        "print(time.perf_counter() - began)\n"
        "print([name for name in ('numpy', 'smolagents', 'mcp', 'httpx', 'ollama', 'cryptography', 'ctypes', 'pymodbus', 'asyncio') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.splitlines()[1] == "[]"
