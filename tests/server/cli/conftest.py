"""Commands, run in the test's process on a home of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.cli import run_command
from tests.fakes.commands import Done, environment

Chargehand = Callable[..., Done]


@pytest.fixture
def chargehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Chargehand:
    """Runs `chargehand ARGUMENTS...` on the home in `tmp_path`; keywords are further environment variables."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str | Path, **settings: str) -> Done:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = run_command([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return run
