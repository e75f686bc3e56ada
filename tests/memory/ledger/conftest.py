"""Ledgers in a SQLite file and on a real PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest

from memory.home import Home
from memory.ledger import Ledger, open_ledger
from tests.fakes.postgres import PostgresServer, find_postgres, run_postgres

OpenLedger = Callable[[], Ledger]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of this worker."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/postgres")
    with run_postgres(binaries) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def open_again(request: pytest.FixtureRequest, home: Home) -> Iterator[OpenLedger]:
    """Opens the test's ledger, as often as it is called; all are closed at the end."""
    url = request.getfixturevalue("postgres").new_database() if request.param == "postgresql" else None
    opened: list[Ledger] = []

    def open_one() -> Ledger:
        opened.append(open_ledger(home.ledger, url))
        return opened[-1]

    yield open_one
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_again: OpenLedger) -> Ledger:
    return open_again()


@pytest.fixture
def sqlite_ledger(home: Home) -> Iterator[Ledger]:
    """For what is told of SQLite alone."""
    opened = open_ledger(home.ledger)
    yield opened
    opened.close()
