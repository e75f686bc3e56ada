"""A llama.cpp server in a child process: it tells why it does not load, keeps to its limit, ends with its parent."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.kernel.llama_child import LlamaChild, LlamaOptions
from tests.fakes.bundled_model import bundled_gguf

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


def test_what_cannot_be_loaded_is_told_and_the_process_is_gone(tmp_path: Path) -> None:
    bundled_gguf()
    (tmp_path / "text.gguf").write_text("hello")
    child = LlamaChild(LlamaOptions(str(tmp_path / "text.gguf")))
    with pytest.raises(RuntimeError, match=r"\w"):
        child.load(60)
    assert not child.runs()
    assert child.url == ""


def test_a_load_that_takes_too_long_is_ended() -> None:
    child = LlamaChild(LlamaOptions(str(bundled_gguf())))
    with pytest.raises(TimeoutError):
        child.load(0.0)
    assert not child.runs()


def test_a_child_that_is_killed_while_it_loads_says_nothing_more() -> None:
    child = LlamaChild(LlamaOptions(str(bundled_gguf())))
    child.kill()
    with pytest.raises(RuntimeError, match="it died while it loaded"):
        child.load(60)


def test_a_child_ends_with_its_parent() -> None:
    program = (
        "import os, sys\n"
        "from edge.kernel.llama_child import LlamaChild, LlamaOptions\n"
        "child = LlamaChild(LlamaOptions(sys.argv[1], context_tokens=128, slots=1))\n"
        "child.load(100)\nprint(child.pid, flush=True)\nos._exit(9)\n"
    )
    command = [sys.executable, "-c", program, str(bundled_gguf())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    until = time.monotonic() + 20
    while time.monotonic() < until and _state(int(done.stdout)) not in {"", "Z"}:
        os.sched_yield()
    assert time.monotonic() < until


def _state(process: int) -> str:
    """One letter, "Z" of one whose end nobody has looked at; empty where there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
