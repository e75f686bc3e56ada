"""Databases come to the newest schema from wherever they are, and lose nothing."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import memory.ledger.migrations
from edge.kernel.errors import InvalidInput, StorageFailed, Unavailable
from memory.home import Home
from memory.ledger import Ledger, open_ledger
from memory.ledger.migrations import found_version
from memory.ledger.tables import SCHEMA_VERSION, metadata
from tests.fakes.postgres import PostgresServer

ROOT = Path(__file__).parents[3]
BEFORE = """
CREATE TABLE documents (id VARCHAR(32) NOT NULL, tenant VARCHAR(64) NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL,
    title TEXT NOT NULL, media_type VARCHAR(128) NOT NULL, content_hash VARCHAR(64) NOT NULL, text TEXT NOT NULL,
    updated_at DATETIME NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_documents_tenant ON documents (tenant);
CREATE TABLE outbox (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, document_id VARCHAR(32) NOT NULL,
    tenant VARCHAR(64) NOT NULL, former_chunks INTEGER NOT NULL);
CREATE TABLE watermarks (store VARCHAR(64) NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (store));
CREATE TABLE threads (id VARCHAR(128) NOT NULL, tenant VARCHAR(64) NOT NULL, title TEXT NOT NULL,
    turns INTEGER NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_threads_tenant ON threads (tenant);
CREATE TABLE evaluations (id VARCHAR(64) NOT NULL, task VARCHAR(128) NOT NULL, subject TEXT NOT NULL,
    dataset TEXT NOT NULL, samples INTEGER NOT NULL, metrics JSON NOT NULL, finished_at DATETIME NOT NULL,
    PRIMARY KEY (id));
CREATE INDEX ix_evaluations_task ON evaluations (task);
CREATE TABLE chunks (id VARCHAR(48) NOT NULL, document_id VARCHAR(32) NOT NULL, ordinal INTEGER NOT NULL,
    heading_path TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE);
CREATE INDEX ix_chunks_document_id ON chunks (document_id);
INSERT INTO documents VALUES ('d1', 'default', '/a', 'a', 'A', 'text/plain', 'h', 'one two', '2026-03-01 12:00:00.000000');
INSERT INTO chunks VALUES ('d1:0', 'd1', 0, '["Part"]', 0, 3, 'one');
INSERT INTO outbox VALUES (7, 'd1', 'default', 0);
INSERT INTO watermarks VALUES ('lexical', 7);
INSERT INTO threads VALUES ('t1', 'default', 'hello', 3, '2026-03-01 12:00:00.000000');
INSERT INTO evaluations VALUES ('e1', 'routing', 'router', 'held out', 9, '{"accuracy": 0.5}', '2026-03-01 12:00:00.000000');
PRAGMA user_version = 1;
"""
"""What the release before there were migrations made, with a row in each table."""


def make_old(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(BEFORE)
    connection.close()


def test_the_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    with ledger.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert found_version(connection) == SCHEMA_VERSION


def test_a_home_of_the_release_before_is_taken_over_whole(home: Home) -> None:
    make_old(home.ledger)
    ledger = open_ledger(home.ledger)
    assert ledger.documents.get("d1", "default").text == "one two"
    assert ledger.documents.count("default") == (1, 1)
    assert ledger.threads.get("t1", "default").turns == 3
    assert [change.position for change in ledger.outbox.pending("vectors", 10)] == [7]
    assert ledger.outbox.watermark("lexical") == 7
    with ledger.view("default") as unit:
        (evaluation,) = unit.evaluations.all()
        assert (evaluation["id"], evaluation["metrics"]) == ("e1", {"accuracy": 0.5})
        assert [tenant.id for tenant in unit.tenants.all()] == ["default"]
    with ledger.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    ledger.close()
    open_ledger(home.ledger).close()


def test_positions_of_the_outbox_go_on_where_they_were(home: Home) -> None:
    make_old(home.ledger)
    ledger = open_ledger(home.ledger)
    ledger.documents.delete([ledger.documents.get("d1", "default")])
    assert [change.position for change in ledger.outbox.pending("vectors", 10)] == [7, 8]
    ledger.close()


def test_processes_that_take_a_home_over_at_once(home: Home) -> None:
    make_old(home.ledger)
    script = (
        "import sys; from pathlib import Path; from memory.ledger import open_ledger; open_ledger(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", script, str(home.ledger)]
    assert [process.wait(120) for process in [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]] == [0] * 4
    ledger = open_ledger(home.ledger)
    assert ledger.documents.count("default") == (1, 1)
    ledger.close()


def test_a_release_without_migrations_refuses_what_came_after_it(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() > 1


def test_a_database_of_a_newer_release_is_refused(ledger: Ledger, open_again: Callable[[], Ledger]) -> None:
    with ledger.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0099'"))
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA user_version = 99")
    with pytest.raises(StorageFailed, match="newer release"):
        open_again()


def test_opening_what_is_current_imports_no_alembic(home: Home, sqlite_ledger: Ledger) -> None:
    script = (
        "import sys; from pathlib import Path; from memory.ledger import open_ledger; "
        "open_ledger(Path(sys.argv[1])).close(); sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home.ledger)], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_migrations_are_one_line_that_ends_at_the_version_of_the_schema() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(memory.ledger.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [int(script.revision) for script in reversed(scripts)] == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("url", ["mysql://user@host/name", "sqlite:///x", "no address", ""])
def test_an_address_that_is_none_of_postgresql(home: Home, url: str) -> None:
    with pytest.raises(InvalidInput, match="ledger"):
        open_ledger(home.ledger, url)


def test_a_server_that_does_not_answer(home: Home) -> None:
    with pytest.raises(Unavailable, match="does not answer") as caught:
        open_ledger(home.ledger, "postgresql://ann:secret@127.0.0.1:9/ledger?connect_timeout=5")
    assert "secret" not in str(caught.value)


def test_the_spellings_of_an_address(home: Home, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    for spelling in (url, url.replace("postgresql://", "postgresql+psycopg://")):
        ledger = open_ledger(home.ledger, spelling)
        assert ledger.documents.count("default") == (0, 0)
        ledger.close()
