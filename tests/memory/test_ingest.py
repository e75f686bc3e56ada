from pathlib import Path

import pytest

from memory.errors import InvalidInput, NotFound
from memory.home import Home
from memory.ingest import IngestReport, ingest_paths
from memory.ledger import Ledger, open_ledger


@pytest.fixture
def ledger(home: Home):
    opened = open_ledger(home.ledger)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "manuals").mkdir(parents=True)
    (root / "manuals" / "fan.md").write_text("# Fan\n\nThe fan turns.\n")
    (root / "note.txt").write_text("A short note.\n")
    return root


def ingest(ledger: Ledger, *paths: Path, limit: int = 1_000_000) -> IngestReport:
    return ingest_paths(ledger, paths, tenant="default", limit_bytes=limit)


def test_a_folder_is_read_with_names_relative_to_it(ledger: Ledger, folder: Path) -> None:
    report = ingest(ledger, folder)
    assert sorted(report.added) == ["manuals/fan.md", "note.txt"]
    assert {(row.name, row.title) for row in ledger.documents.all("default")} == {
        ("manuals/fan.md", "Fan"),
        ("note.txt", "note"),
    }


def test_reading_again_changes_nothing(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder)
    changes = len(ledger.outbox.pending("lexical", 100))
    report = ingest(ledger, folder)
    assert sorted(report.unchanged) == ["manuals/fan.md", "note.txt"]
    assert [report.added, report.updated, report.deleted, report.refused] == [[], [], [], {}]
    assert len(ledger.outbox.pending("lexical", 100)) == changes


def test_updates_and_deletions_are_followed(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder)
    (folder / "note.txt").write_text("Another note.\n")
    (folder / "manuals" / "fan.md").unlink()
    report = ingest(ledger, folder)
    assert (report.updated, report.deleted) == (["note.txt"], ["manuals/fan.md"])
    assert [row.name for row in ledger.documents.all("default")] == ["note.txt"]


def test_a_deleted_file_or_folder_may_be_named_itself(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder)
    (folder / "note.txt").unlink()
    assert ingest(ledger, folder / "note.txt").deleted == ["note.txt"]
    (folder / "manuals" / "fan.md").unlink()
    (folder / "manuals").rmdir()
    assert ingest(ledger, folder / "manuals").deleted == ["manuals/fan.md"]
    assert ledger.documents.count("default")[0] == 0


def test_a_file_named_alone_keeps_the_name_it_had(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder)
    (folder / "manuals" / "fan.md").write_text("# Fan\n\nThe fan turns faster.\n")
    assert ingest(ledger, folder / "manuals" / "fan.md").updated == ["manuals/fan.md"]


def test_a_file_that_cannot_be_read_keeps_its_old_version_and_the_others_go_on(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder)
    (folder / "note.txt").write_bytes(b"\x00\x01\x02\x00" * 50)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing more")
    (folder / "new.md").write_text("# New\n\nText.\n")
    report = ingest(ledger, folder)
    assert set(report.refused) == {"note.txt", "broken.pdf"}
    assert report.added == ["new.md"]
    kept = {row.name: row.id for row in ledger.documents.all("default")}
    assert ledger.documents.get(kept["note.txt"], "default").text == "A short note.\n"


def test_a_large_file_is_refused_with_the_setting_to_change(ledger: Ledger, folder: Path) -> None:
    report = ingest(ledger, folder, limit=16)
    assert "CHARGEHAND_DOCUMENT_LIMIT_BYTES" in report.refused["manuals/fan.md"]


def test_hidden_and_foreign_files_are_left_alone(ledger: Ledger, folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("# no")
    (folder / ".hidden.md").write_text("# no")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    assert sorted(ingest(ledger, folder).added) == ["manuals/fan.md", "note.txt"]


def test_what_is_not_there_is_an_error(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        ingest(ledger, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="nothing to ingest"):
        ingest(ledger, tmp_path / "empty")
