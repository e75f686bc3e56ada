import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.documents.passages import Chunk
from memory.home import open_home
from memory.ledger import Ledger, open_ledger
from memory.ledger.documents import StoredDocument
from memory.mirrors.projection import is_behind, project
from tests.effort import times
from tests.fakes.mirrors import BrokenMirror, MemoryMirror

NOW = datetime(2026, 3, 1, tzinfo=UTC)
change = st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(["x", "y", "z"]), max_size=3) | st.none())
"""(document, its new chunks; None deletes it)"""


def apply(ledger: Ledger, name: str, texts: list[str] | None) -> None:
    document = StoredDocument(name, "default", f"/{name}", name, name, "text/plain", "", "", NOW)
    if texts is None:
        ledger.documents.delete([document])
    else:
        parts = [Chunk(n, (), 0, len(text), text) for n, text in enumerate(texts)]
        ledger.documents.save([(document, parts)])


def truth(ledger: Ledger) -> dict[tuple[str, int], str]:
    found = ledger.documents.chunks_of(list("abc"))
    return {(key, chunk.ordinal): chunk.text for key, (_, chunks) in found.items() for chunk in chunks}


@settings(max_examples=times(10, 40), deadline=None)
@given(st.lists(st.tuples(st.lists(change, max_size=4), st.integers(0, 12)), min_size=1, max_size=5))
def test_after_any_crashes_the_mirror_agrees_with_the_ledger(steps: list) -> None:
    """Changes, then a projection that dies after some calls; in the end one that does not."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_ledger(open_home(Path(folder)).ledger)
        mirror = MemoryMirror()
        for changes, calls in steps:
            for name, texts in changes:
                apply(ledger, name, texts)
            mirror.fail_at = calls
            try:
                project(ledger, mirror)
            except BrokenMirror:
                mirror.rollback()
            mirror.fail_at = None
        project(ledger, mirror)
        assert mirror.kept == truth(ledger)
        assert project(ledger, mirror) == 0
        ledger.close()


def test_the_watermark_moves_only_after_the_mirror_is_durable(tmp_path: Path) -> None:
    ledger = open_ledger(open_home(tmp_path).ledger)
    apply(ledger, "a", ["x"])
    mirror = MemoryMirror()
    mirror.fail_at = 1
    with pytest.raises(BrokenMirror):
        project(ledger, mirror)
    assert ledger.outbox.watermark("memory") == 0
    assert project(ledger, mirror) == 1
    assert mirror.advances == [ledger.outbox.watermark("memory")]
    ledger.close()


def test_a_damaged_mirror_is_made_anew_from_the_ledger(tmp_path: Path) -> None:
    ledger = open_ledger(open_home(tmp_path).ledger)
    mirror = MemoryMirror()
    apply(ledger, "a", ["x", "y"])
    apply(ledger, "b", ["z"])
    project(ledger, mirror)
    assert not is_behind(ledger, mirror)
    mirror.kept = {("a", 0): "torn", ("nobody", 7): "left over"}
    mirror.torn = True
    assert is_behind(ledger, mirror)
    project(ledger, mirror)
    assert mirror.kept == truth(ledger)
    assert not is_behind(ledger, mirror)
    ledger.close()


def test_more_changes_than_one_step_takes(tmp_path: Path) -> None:
    ledger = open_ledger(open_home(tmp_path).ledger)
    mirror = MemoryMirror()
    for number in range(75):
        apply(ledger, "abc"[number % 3], ["x"] * (number % 4))
    assert project(ledger, mirror) == 75
    assert len(mirror.advances) == 2
    assert mirror.kept == truth(ledger)
    ledger.close()
