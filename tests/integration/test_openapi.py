"""A real hub under schemathesis, which asks what its OpenAPI description promises.

It runs in an environment of its own: what it requires and what LangGraph's server requires do not go together.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.store import KnowledgeStore
from tests.fakes.commands import Up, start_up
from tests.fakes.dependencies import copy_home

pytestmark = pytest.mark.integration

SCHEMATHESIS = "schemathesis==4.32.5"
LIMIT_S = 60
EXCLUDED = "positive_data_acceptance"
"""What a schema cannot say, such as that a file is a model's, is refused and may be."""


@pytest.fixture(scope="module")
def hub(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with start_up(copy_home(sample_store, tmp_path_factory.mktemp("openapi") / "home")) as up:
        yield up


def tool() -> list[str]:
    """The command that runs schemathesis. Skips where it cannot be had."""
    uv = shutil.which("uv") or shutil.which(str(Path(__file__).parents[2] / ".uv" / "bin" / "uv"))
    if uv is None:
        pytest.skip("uv is not installed")
    command = [uv, "tool", "run", "--from", SCHEMATHESIS, "st"]
    asked = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=120, check=False)
    if asked.returncode != 0:
        pytest.skip(f"schemathesis cannot be had: {asked.stderr.strip()[-200:]}")
    return command


def test_the_hub_does_what_its_description_says(hub: Up, tmp_path: Path) -> None:
    options = ["--max-examples", "5", "--seed", "1", "--max-time", str(LIMIT_S), "--phases", "coverage,fuzzing"]
    options += ["--exclude-checks", EXCLUDED, "--suppress-health-check", "all", "--no-color", "--warnings", "off"]
    done = subprocess.run(
        [*tool(), "run", f"{hub.url}/openapi.json", *options, "--continue-on-failure"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S * 4,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
