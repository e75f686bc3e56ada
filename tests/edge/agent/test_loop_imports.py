"""What the agent loads, in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.agent.loop import ABSENT

ROOT = Path(__file__).parents[3]
FORBIDDEN = (
    "langgraph",
    "langchain",
    "langchain_core",
    "crewai",
    "chromadb",
    "torch",
    "transformers",
    "numpy",
    "fastapi",
)
MOST_RESIDENT_MB = 85
MOST_BESIDE_CLIENTS_MB = 75

_REPORT = """
import json, sys
resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(json.dumps({"modules": sorted(sys.modules), "resident_mb": int(resident.split()[1]) / 1024}))
"""
_CLIENTS = """
import contextlib
from edge.kernel.errors import ModelUnavailable
from edge.runtime.ollama import OllamaRuntime
from edge.sync.transport import mcp_client
with contextlib.suppress(ModelUnavailable):
    OllamaRuntime("http://127.0.0.1:9").models()
mcp_client()
"""
_STEP = """
from tests.fakes.assisted_devices import Device
from tests.fakes.edge_models import ScriptedChat, call, final
model = ScriptedChat(call("sensor_read", sensor="oil_temperature"), final("The oil temperature is 20.5 °C."))
answer = Device().assistant(model).ask("I wonder whether the oil is getting rather hot these days", by="p")
assert answer.text.startswith("The oil temperature is 20.5"), answer
"""


def run(code: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def loaded(report: dict[str, object], names: tuple[str, ...]) -> set[str]:
    return {name for name in names if name in report["modules"]}  # type: ignore[operator]


@pytest.mark.integration
@pytest.mark.parametrize("module", ["edge.agent", "edge.agent.assistant", "edge.agent.fast_path"])
def test_importing_the_agent_loads_nothing_heavy(module: str) -> None:
    report = run(f"import {module}\n{_REPORT}")
    assert loaded(report, (*FORBIDDEN, "smolagents", "httpx", "ollama", "mcp", "rich", "PIL")) == set()


@pytest.mark.integration
def test_a_step_of_the_agent_stays_small() -> None:
    report = run(_STEP + _REPORT)
    assert loaded(report, (*FORBIDDEN, *ABSENT)) == set()
    assert float(report["resident_mb"]) <= MOST_RESIDENT_MB  # type: ignore[arg-type]


@pytest.mark.integration
def test_a_step_beside_the_clients_of_ollama_and_of_the_hub_stays_small() -> None:
    report = run(_CLIENTS + _STEP + _REPORT)
    assert (
        loaded(report, (*FORBIDDEN, *ABSENT, "ollama", "httpx", "pygments", "uvicorn", "starlette", "mcp.server"))
        == set()
    )
    assert loaded(report, ("httpx2",)) == {"httpx2"}
    assert float(report["resident_mb"]) <= MOST_BESIDE_CLIENTS_MB  # type: ignore[arg-type]


@pytest.mark.integration
def test_smolagents_is_whole_for_whoever_imports_it_afterwards() -> None:
    run(
        "from edge.agent import loop\n"
        "lean = loop._agents\n"
        "import sys; assert 'smolagents' not in sys.modules and 'rich' not in sys.modules\n"
        "import smolagents, rich.console\n"
        "assert smolagents.ToolCallingAgent is not lean.ToolCallingAgent\n"
        "assert rich.console.Console().width > 0\n" + _REPORT
    )


@pytest.mark.integration
def test_packages_that_were_there_before_are_there_afterwards() -> None:
    run(
        "import requests, rich.text\n"
        "from edge.agent import loop\n"
        "import sys; assert sys.modules['requests'] is requests and sys.modules['rich'] is rich\n" + _REPORT
    )


@pytest.mark.integration
def test_the_agent_needs_none_of_the_packages_that_placeholders_stand_for() -> None:
    roots = sorted({name.partition(".")[0] for name in ABSENT})
    run(
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {roots!r}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Gone())\n" + _STEP + _REPORT
    )
