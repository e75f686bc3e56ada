"""Commands, run in the test's process on a home of the test's own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from agents.router.training import load_classifier
from memory.embedding import MiniLM
from memory.store import KnowledgeStore
from server.cli import run_command
from tests.fakes.commands import Done, environment
from tests.fakes.dependencies import copy_home

Chargehand = Callable[..., Done]


@pytest.fixture(scope="session")
def ready_home(
    sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory, minilm: MiniLM
) -> Path:
    """The sample documents and a trained router; copy it, do not write to it."""
    home = copy_home(sample_store, tmp_path_factory.mktemp("ready") / "home")
    trained = tmp_path_factory.getbasetemp().parent / "router-cache"  # the tests of the router share it
    trained.mkdir(exist_ok=True)
    with FileLock(trained / "training.lock"):
        load_classifier(trained, minilm)
    for file in trained.glob("*.npz"):
        shutil.copy(file, home / "cache")
    return home


@pytest.fixture
def ready(ready_home: Path, tmp_path: Path) -> Path:
    """A copy of it, to write to."""
    return shutil.copytree(ready_home, tmp_path / "home")


@pytest.fixture
def chargehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Chargehand:
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
