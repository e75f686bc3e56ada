"""Tools on a ledger with a clock of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.works import Works, open_works


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    opened = open_works(tmp_path)
    yield opened
    opened.ledger.close()
