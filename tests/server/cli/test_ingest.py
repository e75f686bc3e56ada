"""`chargehand ingest`."""

from pathlib import Path

import pytest

from tests.server.cli.conftest import Chargehand


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder of two documents."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "lift.md").write_text("# Goods lift\n\nThe goods lift in hall 7 carries 1250 kg.\n")
    (folder / "gate.txt").write_text("The gate opens at 6 o'clock.\n")
    return folder


def without_progress(told: str) -> str:
    """What else is told: a machine that is busy takes a second, and then says how far it is."""
    return "".join(line for line in told.splitlines(keepends=True) if " files, " not in line)


def test_what_came_is_told_and_found(chargehand: Chargehand, notes: Path):
    done = chargehand("ingest", notes)
    assert (done.code, without_progress(done.err)) == (0, "")
    assert done.out == (
        "2 added, 0 updated, 0 unchanged, 0 deleted, 0 refused, 0 passed over; 2 documents in 2 passages are searchable.\n"
    )
    assert "1250 kg" in chargehand("search", "How much does the goods lift carry?").out


def test_json_is_one_object_of_names(chargehand: Chargehand, notes: Path):
    first = chargehand("ingest", notes, "--json")
    assert first.code == 0
    assert first.json == {
        "added": ["gate.txt", "lift.md"],
        "updated": [],
        "unchanged": [],
        "deleted": [],
        "refused": {},
        "passed_over": {},
        "documents": 2,
        "chunks": 2,
    }
    (notes / "gate.txt").write_text("The gate opens at 7 o'clock.\n")
    (notes / "lift.md").unlink()
    second = chargehand("ingest", notes, "--json").json
    assert (second["updated"], second["deleted"], second["documents"]) == (["gate.txt"], ["lift.md"], 1)


def test_a_refused_file_is_failed_work_and_the_others_are_kept(chargehand: Chargehand, notes: Path):
    (notes / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    done = chargehand("ingest", notes)
    assert done.code == 1
    assert "Refused broken.pdf: " in done.err
    assert "2 added" in done.out
    assert "1 refused" in done.out
    assert list(chargehand("ingest", notes, "--json").json["refused"]) == ["broken.pdf"]


def test_what_is_passed_over_is_told_by_reason(chargehand: Chargehand, notes: Path):
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (notes / name).write_bytes(b"\x89PNG")
    done = chargehand("ingest", notes)
    assert done.code == 0
    assert (
        without_progress(done.err)
        == "Passed over a.png, b.png, c.png and 1 more: Files of the kind .png are not read.\n"
    )
    assert "0 refused, 4 passed over;" in done.out
    assert list(chargehand("ingest", notes, "--json").json["passed_over"]) == ["a.png", "b.png", "c.png", "d.png"]


def test_a_file_above_the_limit_is_refused(chargehand: Chargehand, notes: Path):
    done = chargehand("ingest", notes, "--json", CHARGEHAND_DOCUMENT_LIMIT_BYTES="35")
    assert done.code == 1
    assert list(done.json["refused"]) == ["lift.md"]


def test_a_missing_path_is_bad_usage_and_named(chargehand: Chargehand, notes: Path):
    done = chargehand("ingest", notes, notes / "nothing.md")
    assert done.code == 2
    assert "nothing.md" in done.err


def test_a_folder_without_documents_is_bad_usage(chargehand: Chargehand, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    done = chargehand("ingest", tmp_path / "empty")
    assert done.code == 2
    assert "Supported kinds" in done.err
