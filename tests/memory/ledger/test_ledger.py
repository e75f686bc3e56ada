import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.exc import StatementError

from edge.kernel.errors import NotFound, StorageFailed
from memory.documents.passages import Chunk
from memory.home import Home
from memory.ledger import Ledger, open_ledger
from memory.ledger.documents import StoredDocument, chunk_id
from memory.ledger.threads import Thread, ThreadQuestion

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
QUESTION = ThreadQuestion("1", "what?")


def document(name: str, tenant: str = "default", text: str = "one two") -> StoredDocument:
    return StoredDocument(
        f"id-{name}", tenant, f"/files/{name}", name, name.title(), "text/plain", f"hash {text}", text, NOW
    )


def chunks(*texts: str) -> list[Chunk]:
    return [Chunk(number, ("Part",), 0, len(text), text) for number, text in enumerate(texts)]


def test_a_document_comes_back_as_it_was_saved(ledger: Ledger) -> None:
    ledger.documents.save([(document("a"), chunks("one", "two"))])
    assert ledger.documents.get("id-a", "default") == document("a")
    assert ledger.documents.count("default") == (1, 2)
    title, parts = ledger.documents.chunks_of(["id-a", "gone"])["id-a"]
    assert (title, parts) == ("A", chunks("one", "two"))


def test_chunks_are_counted_by_document_within_a_tenant(ledger: Ledger) -> None:
    ledger.documents.save([(document("a"), chunks("one", "two")), (document("b"), []), (document("c"), chunks("one"))])
    ledger.documents.save([(document("d", tenant="other"), chunks("one"))])
    assert ledger.documents.chunk_counts("default") == {"id-a": 2, "id-c": 1}
    assert ledger.documents.chunk_counts("default", "id-c") == {"id-c": 1}
    assert ledger.documents.chunk_counts("default", "id-d") == {}


def test_saving_again_replaces_the_document_and_all_its_chunks(ledger: Ledger) -> None:
    ledger.documents.save([(document("a"), chunks("one", "two", "three"))])
    ledger.documents.save([(document("a", text="new"), chunks("new"))])
    assert ledger.documents.count("default") == (1, 1)
    assert ledger.documents.get("id-a", "default").text == "new"


def test_every_write_tells_the_mirrors_in_the_same_transaction(ledger: Ledger) -> None:
    ledger.documents.save([(document("a"), chunks("one", "two"))])
    ledger.documents.save([(document("a", text="new"), chunks("new"))])
    ledger.documents.delete([document("a")])
    pending = ledger.outbox.pending("lexical", 10)
    assert [(change.document_id, change.former_chunks) for change in pending] == [("id-a", 0), ("id-a", 2), ("id-a", 1)]
    with pytest.raises(AttributeError):
        ledger.documents.save([(document("b"), chunks("fine")), (document("c"), [None])])  # type: ignore[list-item]
    assert ledger.documents.count("default") == (0, 0)
    assert len(ledger.outbox.pending("lexical", 10)) == 3


def test_a_watermark_hides_what_a_mirror_has_applied(ledger: Ledger) -> None:
    ledger.documents.save([(document("a"), []), (document("b"), [])])
    first, second = ledger.outbox.pending("vectors", 10)
    ledger.outbox.advance("vectors", first.position)
    assert ledger.outbox.pending("vectors", 10) == [second]
    assert len(ledger.outbox.pending("lexical", 10)) == 2


def test_tenants_do_not_see_each_other(ledger: Ledger) -> None:
    ledger.documents.save([(document("a", "one"), chunks("x")), (document("b", "two"), chunks("y"))])
    ledger.threads.ask("t", "one", "hello", QUESTION, NOW)
    assert [entry.id for entry in ledger.documents.all("two")] == ["id-b"]
    assert ledger.documents.chunks([chunk_id("id-a", 0), chunk_id("id-b", 0)], "two").keys() == {chunk_id("id-b", 0)}
    assert ledger.threads.all("two") == []
    for read in (
        lambda: ledger.documents.get("id-a", "two"),
        lambda: ledger.threads.get("t", "two"),
        lambda: ledger.threads.delete("t", "two"),
        lambda: ledger.threads.ask("t", "two", "mine now", QUESTION, NOW),
    ):
        with pytest.raises(NotFound):
            read()


def test_a_thread_counts_turns_and_keeps_its_title(ledger: Ledger) -> None:
    assert ledger.threads.ask("t", "default", "first question", QUESTION, NOW) is None
    later = NOW.replace(hour=13)
    assert ledger.threads.ask("t", "default", "second", ThreadQuestion("2", "and now?"), later) == QUESTION
    assert ledger.threads.get("t", "default") == Thread("t", "default", "first question", 2, later)
    assert ledger.threads.last_question("t") == ThreadQuestion("2", "and now?")
    assert ledger.threads.ask("u", "default", "other", QUESTION, NOW) is None
    assert [thread.id for thread in ledger.threads.all("default")] == ["t", "u"]
    ledger.threads.delete("t", "default")
    assert ledger.threads.last_question("t") is None
    assert [thread.id for thread in ledger.threads.all("default")] == ["u"]


def test_sqlite_is_durable(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_file_of_a_newer_release_is_refused(home: Home, sqlite_ledger: Ledger) -> None:
    sqlite_ledger.close()
    with sqlite3.connect(home.ledger) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageFailed, match="newer release"):
        open_ledger(home.ledger)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(StorageFailed, match="not a database"):
        open_ledger(path)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from memory.ledger import open_ledger
from memory.ledger.documents import StoredDocument
from memory.documents.passages import Chunk
from memory.ledger.threads import ThreadQuestion
from memory.documents.passages import Chunk
ledger = open_ledger(Path(sys.argv[1]))
now = datetime(2026, 3, 1, tzinfo=UTC)
for number in range(40):
    name = f"{sys.argv[2]}-{number}"
    document = StoredDocument(name, "default", name, name, name, "text/plain", "", "text", now)
    ledger.documents.save([(document, [Chunk(0, (), 0, 4, "text")])])
    ledger.threads.ask("shared", "default", "title", ThreadQuestion(name, "?"), now)
"""


def test_processes_that_open_and_write_at_once_lose_nothing(home: Home) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(home.ledger), name], cwd=Path(__file__).parents[3])
        for name in ("one", "two", "three")
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    ledger = open_ledger(home.ledger)
    assert ledger.documents.count("default") == (120, 120)
    assert ledger.threads.get("shared", "default").turns == 120
    changes = ledger.outbox.pending("lexical", 1000)
    assert len({change.position for change in changes}) == len(changes) == 120
    ledger.close()


def test_times_are_one_moment_in_utc_whatever_their_zone(ledger: Ledger) -> None:
    evening = datetime(2026, 3, 1, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    ledger.threads.ask("t", "default", "hello", QUESTION, evening)
    kept = ledger.threads.get("t", "default")
    assert kept.updated_at == evening
    assert kept.updated_at.utcoffset() == timedelta(0)
    with pytest.raises(StatementError, match="time zone"):
        ledger.threads.ask("u", "default", "hello", QUESTION, datetime(2026, 3, 1))  # noqa: DTZ001
    assert [thread.id for thread in ledger.threads.all("default")] == ["t"]


def test_more_documents_than_one_statement_takes(ledger: Ledger) -> None:
    many = [(document(str(number)), chunks("one", "two")) for number in range(1203)]
    ledger.documents.save(many)
    ledger.documents.save(many)
    assert ledger.documents.count("default") == (1203, 2406)
    ledger.documents.delete([entry for entry, _ in many])
    assert ledger.documents.count("default") == (0, 0)
    former = [change.former_chunks for change in ledger.outbox.pending("lexical", 10_000)]
    assert former == [0] * 1203 + [2] * 1203 + [2] * 1203


def test_deleting_what_is_gone_is_no_error(ledger: Ledger) -> None:
    ledger.documents.delete([document("never")])
    assert ledger.documents.count("default") == (0, 0)


def test_a_watermark_is_kept(open_again: Callable[[], Ledger], ledger: Ledger) -> None:
    assert ledger.outbox.watermark("lexical") == 0
    ledger.outbox.advance("lexical", 7)
    ledger.outbox.advance("lexical", 9)
    assert open_again().outbox.watermark("lexical") == 9


def test_positions_are_never_used_again(ledger: Ledger) -> None:
    """A mirror's watermark would hide a change that took the position of a deleted row."""
    ledger.documents.save([(document("a"), [])])
    (change,) = ledger.outbox.pending("lexical", 10)
    with ledger.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
    ledger.documents.save([(document("b"), [])])
    assert ledger.outbox.pending("lexical", 10)[0].position > change.position


def test_a_truncated_file_is_refused(home: Home, sqlite_ledger: Ledger) -> None:
    sqlite_ledger.documents.save([(document(str(number)), chunks("one " * 200)) for number in range(50)])
    sqlite_ledger.close()
    data = home.ledger.read_bytes()
    home.ledger.write_bytes(data[: len(data) // 2])
    with pytest.raises(StorageFailed):
        open_ledger(home.ledger).documents.all("default")
