"""Transactions of the device's database."""

import sqlite3
import threading
from pathlib import Path

import pytest

from edge.database import Database, open_database, read_database
from edge.kernel.errors import StorageFailed


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = open_database(tmp_path / "sub" / "edge.db")
    with database.transaction() as rows:
        rows.execute("CREATE TABLE things (n INTEGER)")
    return database


def things(database: Database) -> list[int]:
    with database.read() as rows:
        return [n for (n,) in rows.execute("SELECT n FROM things ORDER BY n")]


def put(database: Database, number: int, error: Exception | None = None) -> None:
    with database.transaction() as rows:
        rows.execute("INSERT INTO things VALUES (?)", (number,))
        if error is not None:
            raise error


def test_what_raises_is_undone(database: Database) -> None:
    with pytest.raises(KeyError):
        put(database, 1, KeyError())
    assert things(database) == []


def test_an_inner_block_is_undone_alone_and_durable_with_the_outer_one(database: Database) -> None:
    with database.transaction() as rows:
        rows.execute("INSERT INTO things VALUES (1)")
        with pytest.raises(KeyError):
            put(database, 2, KeyError())
        put(database, 3)
        assert things(database) == [1, 3]
    with pytest.raises(StorageFailed), database.transaction() as rows:
        put(database, 4) or rows.execute("this is no SQL")
    assert things(database) == [1, 3]


def test_readers_see_nothing_of_what_is_not_done(database: Database) -> None:
    seen: list[list[int]] = []
    with database.transaction() as rows:
        rows.execute("INSERT INTO things VALUES (1)")
        reader = threading.Thread(target=lambda: seen.append(things(database)))
        reader.start()
        reader.join()
    assert (seen, things(database)) == ([[]], [1])


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(StorageFailed), database.read() as rows:
        rows.execute("INSERT INTO things VALUES (1)")


def test_writers_of_several_threads_go_one_after_the_other(database: Database) -> None:
    def work() -> None:
        for _ in range(20):
            with database.transaction() as rows:
                (count,) = rows.execute("SELECT count(*) FROM things").fetchone()
                rows.execute("INSERT INTO things VALUES (?)", (count,))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert things(database) == list(range(80))


def test_a_file_that_is_no_database_is_told_with_advice(tmp_path: Path) -> None:
    (tmp_path / "edge.db").write_text("not a database, but a long enough text to be looked at" * 50)
    with pytest.raises(StorageFailed, match="Move the file away"):
        open_database(tmp_path / "edge.db")


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    open_database(tmp_path / "edge.db").close()
    with sqlite3.connect(tmp_path / "edge.db") as file:
        file.execute("PRAGMA user_version=99")
    file.close()
    with pytest.raises(StorageFailed, match="newer release"):
        open_database(tmp_path / "edge.db")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed):
        open_database(tmp_path / "file" / "edge.db")


def test_commits_are_flushed(database: Database) -> None:
    with database.transaction() as rows:
        assert rows.execute("PRAGMA synchronous").fetchone() == (2,)
        assert rows.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_only_looks_sees_what_is_written_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    writing = open_database(path)
    with writing.transaction() as rows:
        rows.execute("CREATE TABLE things (n INTEGER)")
    put(writing, 1)
    looking = read_database(path)
    put(writing, 2)  # it stands in the log alone
    assert things(looking) == [1, 2]
    with pytest.raises(StorageFailed):
        put(looking, 3)
    writing.close()
    assert things(looking) == [1, 2]
    looking.close()


def test_where_there_is_no_file_yet_it_is_made(tmp_path: Path) -> None:
    read_database(tmp_path / "edge.db").close()
    assert (tmp_path / "edge.db").exists()
