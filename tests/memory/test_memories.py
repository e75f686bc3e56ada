"""What people told about themselves: each person's own, durable, and gone when it is forgotten."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.kernel.errors import StorageFailed, Unavailable
from memory.home import Home
from memory.memories import Memories, Memory, MemoryKind, Preferences, open_memories
from tests.fakes.postgres import PostgresServer, find_postgres, run_postgres

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FACT = Memory("fact", "I work in hall 3", NOW, "t1", "m1")

OpenStore = Callable[[], Any]


def told(kind: MemoryKind, text: str, minutes: int = 0) -> Memory:
    return Memory(kind, text, NOW + timedelta(minutes=minutes))


def ann(store: Any) -> Memories:
    return Memories(store, "default", "ann")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/postgres")
    with run_postgres(binaries) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def open_store(request: pytest.FixtureRequest, home: Home) -> Iterator[OpenStore]:
    """Opens the test's store, as often as it is called; all are closed at the end."""
    url = request.getfixturevalue("server").new_database() if request.param == "postgresql" else None
    with ExitStack() as stack:

        def open_one() -> Any:
            store = open_memories(home, url)
            stack.callback(store.conn.close)
            return store

        yield open_one


def test_what_was_told_is_there_for_whoever_opens_the_store_next(open_store: OpenStore) -> None:
    ann(open_store()).keep(FACT)
    ann(open_store()).keep(told("name", "Li", minutes=-5))
    assert ann(open_store()).all() == [told("name", "Li", minutes=-5), FACT]


def test_a_preference_takes_the_place_of_the_one_before(open_store: OpenStore) -> None:
    own = ann(open_store())
    for text in ("zh", "en"):
        own.keep(told("language", text))
    own.keep(told("device", "line3-gw"))
    assert [one.text for one in own.all()] == ["line3-gw", "en"]
    assert own.preferences() == Preferences("en", "line3-gw")


def test_nothing_told_is_nothing_preferred(open_store: OpenStore) -> None:
    assert ann(open_store()).preferences() == Preferences(None, "")


def test_the_same_fact_is_kept_once(open_store: OpenStore) -> None:
    own = ann(open_store())
    own.keep(FACT)
    own.keep(told("fact", " i work in  hall 3", minutes=1))
    assert [one.text for one in own.all()] == [" i work in  hall 3"]


@pytest.mark.parametrize(
    ("tenant", "principal"), [("default", "bob"), ("acme", "ann"), ("default.ann", "x"), ("default", "ann.b")]
)
def test_nobody_else_has_it(open_store: OpenStore, tenant: str, principal: str) -> None:
    store = open_store()
    other = Memories(store, tenant, principal)
    ann(store).keep(FACT)
    assert other.all() == []
    other.forget(FACT)
    assert ann(store).all() == [FACT]
    other.keep(told("name", "Bo"))
    assert [one.text for one in other.all()] == ["Bo"]
    assert ann(store).all() == [FACT]


def test_what_is_forgotten_is_gone(open_store: OpenStore) -> None:
    own = ann(open_store())
    for memory in (FACT, told("name", "Li")):
        own.keep(memory)
    own.forget(FACT)
    own.forget(FACT)
    assert ann(open_store()).all() == [told("name", "Li")]


def test_the_file_holds_nothing_of_what_was_forgotten(home: Home) -> None:
    store = open_memories(home)
    with closing(store.conn):
        ann(store).keep(FACT)
        assert b"hall 3" in home.memories.read_bytes()
        ann(store).forget(FACT)
        assert b"hall 3" not in b"".join(path.read_bytes() for path in home.root.glob("memories.sqlite*"))


async def test_it_may_be_awaited(open_store: OpenStore) -> None:
    store = open_store()
    ann(store).keep(FACT)
    (item,) = await store.asearch(("memories", "default"))
    assert (item.namespace, item.value["text"]) == (("memories", "default", "ann"), FACT.text)


def test_several_may_open_it_first(open_store: OpenStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda opened: opened(), [open_store] * 4))
    for number, store in enumerate(stores):
        ann(store).keep(told("fact", f"fact {number}"))
    assert len(ann(stores[0]).all()) == 4


def test_a_file_that_is_no_store_is_told(home: Home) -> None:
    home.memories.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StorageFailed, match="memories"):
        open_memories(home)


def test_a_server_that_went_away_is_told(home: Home) -> None:
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: no /usr/lib/postgresql/*/bin/postgres")
    with ExitStack() as stack:
        with run_postgres(binaries) as running:
            url = running.new_database()
            store = open_memories(home, url)
            stack.callback(store.conn.close)
            ann(store).keep(FACT)
        with pytest.raises(Unavailable, match="does not answer"):
            ann(store).all()
