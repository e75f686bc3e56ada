"""Fixtures that every part of the tests may use."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from agents.understanding.candidates import Operations
from edge.kernel.errors import Unavailable
from memory.embedding import MiniLM, load_minilm
from memory.home import Home, open_home
from memory.settings import Settings
from memory.store import KnowledgeStore, open_store
from server.hub import Components
from server.process import silence_third_parties
from tests.effort import times
from tests.fakes.offline import offline_settings
from tests.fakes.weights import WEIGHT_CACHE

silence_third_parties()

# How long an example takes says nothing about whether it is right.
hypothesis_settings.register_profile(
    "untimed", max_examples=times(25, 100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started behind a shell's `&`: tests interrupt their children
    signal.signal(signal.SIGINT, signal.default_int_handler)


ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample documents of the demo."""
    return ROOT / "memory" / "samples"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Third-party data sets, beside the project; not part of it."""
    folder = Path(os.environ.get("CHARGEHAND_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"the third-party data sets are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    """The real embedder."""
    try:
        return load_minilm(WEIGHT_CACHE)
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def operations(minilm: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operations]:
    """All operations of a hub, with the shipped weights; its tools are not to be called."""
    components = Components(offline_settings(home=tmp_path_factory.mktemp("operations")))
    components.embedder = minilm
    yield components.operations
    components.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return open_home(tmp_path / "home")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that no environment touches: an empty home and no language model."""
    return Settings(_env_file=None, home=tmp_path / "home", model="none")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def sample_store(run_folder: Path, minilm: MiniLM, samples: Path) -> KnowledgeStore:
    """The sample documents, ingested once for all workers of a test run; read it, do not write to it."""
    with FileLock(run_folder / "samples.lock"):
        store = open_store(open_home(run_folder / "samples"), lambda: minilm)
        store.ingest([samples], "default", 10_000_000)
    return store


@pytest.fixture(scope="session")
def ready_home(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory, minilm: MiniLM) -> Path:
    """The sample documents, with the embedder in the weight cache; copy it, do not write to it."""
    return shutil.copytree(sample_store.home.root, tmp_path_factory.mktemp("ready") / "home")


@pytest.fixture
def ready(ready_home: Path, tmp_path: Path) -> Path:
    """A copy of it, to write to."""
    return shutil.copytree(ready_home, tmp_path / "home")
