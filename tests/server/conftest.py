"""A home of the test's own, with the sample documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import copy_store


@pytest.fixture
def store(sample_store: KnowledgeStore, tmp_path: Path) -> Iterator[KnowledgeStore]:
    """A copy of the sample documents' store, to write threads to."""
    copied = copy_store(sample_store, tmp_path / "home")
    yield copied
    copied.close()
