"""The story of the factory, as `make demo-factory` plays it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.commands import ROOT, environment
from tools.serving.providers import bundled_version

pytestmark = [pytest.mark.integration, pytest.mark.long]


def play(home: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "server.demos.factory", "--home", str(home)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home), capture_output=True, text=True, timeout=280, check=False
    )


def test_the_story_is_played_and_told_to_its_end(ready_home: Path, tmp_path: Path):
    if bundled_version() is None:
        pytest.skip("the extra chargehand[local] is not installed")
    home = tmp_path / "home"
    played = play(home)
    assert played.returncode == 0, played.stderr
    told = iter(played.stdout.splitlines())
    for wanted in (
        "commercial use: no",
        "the gate passed",
        "the rollout is promoted",
        "the gate lacks evidence",
        "the gate passed",
        "refused: ann asked for",
        "support serves helper@v1 70 %, helper@v2 30 %",
        "verdict promote",
        "the rollout is promoted",
        "verdict roll_back: error rate",
        "support serves helper@v2 100 %",
        "the rollout is rolled back",
        "the log is whole: True",
    ):
        assert any(wanted in line for line in told), wanted


def test_a_home_that_is_in_use_is_left_alone(ready_home: Path):
    before = (ready_home / "ledger.sqlite").stat().st_mtime_ns
    assert play(ready_home).returncode == 2
    assert (ready_home / "ledger.sqlite").stat().st_mtime_ns == before
