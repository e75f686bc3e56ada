"""Ollama, at a server that answers at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.kernel.errors import ModelUnavailable
from edge.runtime.ollama import OllamaRuntime
from edge.runtime.port import Message
from tests.bench.edge_footprint.server import instant_ollama
from tests.fakes.edge_processes import free_port

ROOT = Path(__file__).parents[3]


def test_a_server_is_asked() -> None:
    with instant_ollama() as url:
        runtime = OllamaRuntime(url)
        assert runtime.available()
        assert [model.name for model in runtime.models()] == ["instant"]
        assert "sensor_read" in runtime.chat_model("instant").chat([Message("user", "How hot is the inlet?")]).text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_is_not_there_is_told(scheme: str) -> None:
    with pytest.raises(ModelUnavailable):
        OllamaRuntime(f"{scheme}://127.0.0.1:{free_port()}").models()


@pytest.mark.integration
def test_no_http_library_comes_along() -> None:
    code = (
        "import sys\n"
        "from edge.runtime.ollama import OllamaRuntime\n"
        "from tests.bench.edge_footprint.server import instant_ollama\n"
        "with instant_ollama() as url:\n    OllamaRuntime(url).models()\n"
        "assert not {'rich', 'pygments', 'httpx', 'httpx2', 'ollama', 'asyncio'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
