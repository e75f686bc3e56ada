import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from edge.kernel.errors import Conflict, StorageFailed
from memory.home import Home, open_home, storage_errors

DOINGS = ["answering", "asking"]
HOLDER = """
import sys, time
from pathlib import Path
from memory.home import open_home
with getattr(open_home(Path(sys.argv[1])), sys.argv[2])(*sys.argv[3:6], *([sys.argv[6:]] if sys.argv[6:] else [])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held_elsewhere(home: Home, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """Another process that holds a lock of the home: the method's name and its arguments."""
    command = [sys.executable, "-c", HOLDER, str(home.root), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "deep" / "home")
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_a_lock_is_held_against_other_processes_and_freed_when_they_die(home: Home) -> None:
    with held_elsewhere(home, "lock", "hub", "holding for a test") as holder:
        with pytest.raises(Conflict, match=f"holding for a test .process {holder.pid}"), home.lock("hub", "mine"):
            pass
        with home.lock("documents", "another lock of the same home"):
            pass
        os.kill(holder.pid, signal.SIGKILL)
    with home.lock("hub", "mine", wait_s=5):
        pass


def test_homes_share_the_weight_cache_and_keep_their_own_where_there_is_none(tmp_path: Path) -> None:
    shared = tmp_path / "shared" / "chargehand"
    homes = [open_home(tmp_path / name, shared) for name in ("one", "two")]
    assert {home.weights for home in homes} == {shared}
    assert shared.stat().st_mode & 0o777 == 0o700
    assert open_home(tmp_path / "three").weights == tmp_path / "three" / "cache"
    (tmp_path / "file").write_text("in the way")
    assert open_home(tmp_path / "four", tmp_path / "file").weights == tmp_path / "four" / "cache"


def test_a_weight_cache_on_a_read_only_disk_is_passed_over(tmp_path: Path, read_only_disk: Path) -> None:
    for cache in (read_only_disk, read_only_disk / "chargehand"):
        assert open_home(tmp_path / "home", cache).weights == tmp_path / "home" / "cache"


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(StorageFailed):
        open_home(file / "home")


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="disk is full"), storage_errors(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(StorageFailed, match="Permission"), storage_errors(tmp_path):
        raise PermissionError(13, "Permission denied")
    with pytest.raises(ZeroDivisionError), storage_errors(tmp_path):
        raise ZeroDivisionError


def test_a_lock_is_told_of_and_free_after_an_error(home: Home) -> None:
    def fail() -> None:
        with home.lock("documents", "ingesting documents"):
            with pytest.raises(Conflict, match=r"in use: ingesting documents .*CHARGEHAND_HOME"):
                home.lock("documents", "me too").__enter__()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with home.lock("documents", "again"):
        pass
    assert not list((home.root / "locks").glob("*.holder"))


def test_a_waiter_gets_the_lock_when_it_is_let_go(home: Home) -> None:
    got_it = threading.Event()
    order: list[str] = []

    def wait() -> None:
        with home.lock("documents", "second", wait_s=20):
            order.append("second")
            got_it.set()

    waiter = threading.Thread(target=wait)
    with home.lock("documents", "first"):
        waiter.start()
        assert not got_it.wait(0.2)
        order.append("first")
    waiter.join(20)
    assert order == ["first", "second"]


def test_a_waiter_is_told_what_the_holder_does_by_now(home: Home) -> None:
    told: list[str] = []
    with home.lock("documents", "ingesting documents") as tell:
        tell("ingesting documents, 3 of 9 files, about 5 s left")
        with (
            pytest.raises(Conflict, match="3 of 9 files, about 5 s left"),
            home.lock("documents", "ingesting", 1.2, told.append),
        ):
            pass
    assert told == [f"ingesting documents, 3 of 9 files, about 5 s left (process {os.getpid()})"]


def test_of_a_kind_each_key_is_held_once_and_free_after_an_error(home: Home) -> None:
    def fail() -> None:
        with home.claim("threads", "one", "answering", DOINGS), home.claim("threads", "two", "answering", DOINGS):
            with pytest.raises(Conflict, match=rf"in use: answering one \(process {os.getpid()}\)"):
                home.claim("threads", "one", "answering", DOINGS).__enter__()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with home.claim("threads", "one", "answering", DOINGS), home.claim("devices", "one", "asking", DOINGS):
        pass
    assert len(list((home.root / "locks").iterdir())) == 2


def test_a_claim_is_seen_by_other_processes_and_ends_with_its_holder(home: Home) -> None:
    with held_elsewhere(home, "claim", "threads", "one", "asking", *DOINGS) as holder:
        told = f"asking one .process {holder.pid}"
        with pytest.raises(Conflict, match=told), home.claim("threads", "one", "answering", DOINGS):
            pass
        os.kill(holder.pid, signal.SIGKILL)
    with home.claim("threads", "one", "answering", DOINGS):
        pass


def test_a_lock_that_cannot_be_made_is_a_storage_failure(home: Home) -> None:
    (home.root / "locks").write_text("in the way")
    with pytest.raises(StorageFailed), home.lock("hub", "mine"):
        pass
    with pytest.raises(StorageFailed), home.claim("threads", "one", "answering", DOINGS):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="no folder is read-only to root")
def test_a_read_only_home_says_so(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir(mode=0o500)
    with pytest.raises(StorageFailed):
        open_home(root)


def sqlite_failure(tmp_path: Path, prepare: str, statement: str, mode: str = "rwc") -> None:
    connection = sqlite3.connect(f"file:{tmp_path / 'x.sqlite'}?mode={mode}", uri=True)
    try:
        connection.executescript(prepare)
        with storage_errors(tmp_path):
            connection.execute(statement)
    finally:
        connection.close()


def test_storage_errors_of_sqlite_are_told_from_mistakes(tmp_path: Path) -> None:
    table = "CREATE TABLE IF NOT EXISTS t (x); PRAGMA max_page_count = 3;"
    with pytest.raises(StorageFailed, match="disk is full"):
        sqlite_failure(tmp_path, table, "INSERT INTO t VALUES (zeroblob(100000))")
    with pytest.raises(StorageFailed, match="readonly"):
        sqlite_failure(tmp_path, "SELECT 1", "INSERT INTO t VALUES (1)", mode="ro")
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        sqlite_failure(tmp_path, "SELECT 1", "SELECT missing FROM t")


def test_storage_errors_below_sqlalchemy_are_found(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        with pytest.raises(StorageFailed, match="disk is full"), storage_errors(tmp_path):
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
    engine.dispose()
