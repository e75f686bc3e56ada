"""`make demo`, on a home that has the sample documents already."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.commands import environment

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_the_demo_shows_three_routed_and_cited_answers(ready: Path):
    command = [sys.executable, "-m", "server.demos.answers", "--home", str(ready)]
    done = subprocess.run(
        command, cwd=ready, env=environment(ready), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    _, ingested, *answers = done.stdout.split("\n$ chargehand ")
    assert "0 refused" in ingested
    assert [answer.partition("[")[2].partition(",")[0] for answer in answers] == [
        "knowledge",
        "governance",
        "knowledge",
    ]
    assert "Commercial use: no" in answers[1]
    assert "60 °C" in answers[2]
    assert "Sources:" in answers[0]
    assert "Sources:" in answers[2]
    assert "Traceback" not in done.stderr


def test_a_step_that_fails_ends_the_demo_with_its_code(tmp_path: Path):
    (tmp_path / "file").write_text("I am no folder.")
    command = [sys.executable, "-m", "server.demos.answers", "--home", str(tmp_path / "file")]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "chat" not in done.stdout
