import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput, NotFound
from memory.documents.files import read_file
from memory.documents.ingest import IngestReport, Progress, Stopwatch, ingest_paths
from memory.home import Home
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


def test_what_is_passed_over_is_told_and_the_counts_add_up(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (folder / "other").symlink_to(tmp_path / "other")
    (folder / ".git").mkdir()
    (folder / ".hidden.md").write_text("# no")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "LICENSE").write_text("Apache")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing more")
    (folder / "data.csv").write_text("Part,Price\nK7,5\n")
    report = ingest(ledger, folder)
    assert report.passed_over == {
        "other/": "A link to a folder: name the folder itself to ingest it.",
        ".git/": "A folder of programs, not of documents.",
        ".hidden.md": "Hidden: its name begins with a dot.",
        "picture.png": "Files of the kind .png are not read.",
        "LICENSE": "It has no suffix that tells what it is.",
    }
    assert sorted(report.added) == ["data.csv", "manuals/fan.md", "note.txt"]
    entries = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    counted = len(report.added) + len(report.refused) + len(report.passed_over)
    assert counted == len(entries) + 1  # the folder .git


def test_one_file_is_one_document_whichever_path_names_it(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert len(ingest(ledger, folder).added) == 2
    assert sorted(ingest(ledger, link).unchanged) == ["manuals/fan.md", "note.txt"]
    assert ingest(ledger, link / "note.txt", folder).added == []
    assert ledger.documents.count("default")[0] == 2
    (folder / "note.txt").unlink()
    assert ingest(ledger, folder).deleted == ["note.txt"]
    (folder / "manuals" / "fan.md").unlink()
    (folder / "new.md").write_text("# New\n\nText.\n")
    assert ingest(ledger, link).deleted == ["manuals/fan.md"]
    assert [row.name for row in ledger.documents.all("default")] == ["new.md"]


def test_a_link_to_a_file_elsewhere_is_that_file(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "lamp.md").write_text("# Lamp\n\nGreen.\n")
    (folder / "lamp-link.md").symlink_to(other / "lamp.md")
    assert "lamp-link.md" in ingest(ledger, folder).added
    assert ingest(ledger, other).added == []
    assert ledger.documents.count("default")[0] == 3
    (folder / "lamp-link.md").unlink()
    assert ingest(ledger, folder).deleted == []  # it was ingested by its own path, too
    (folder / "lamp-link.md").symlink_to(other / "lamp.md")
    (other / "lamp.md").unlink()
    assert ingest(ledger, folder).deleted == ["lamp-link.md"]


def test_a_link_that_is_gone_or_leads_elsewhere_takes_its_document_along(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\nText of {name}.\n")
    link = folder / "link.md"
    link.symlink_to(tmp_path / "one.md")
    ingest(ledger, folder)
    link.unlink()
    link.symlink_to(tmp_path / "two.md")
    report = ingest(ledger, folder)
    assert (report.added, report.deleted) == (["link.md"], ["link.md"])
    link.unlink()
    assert ingest(ledger, folder).deleted == ["link.md"]


def test_documents_of_a_link_that_were_ingested_before_links_were_resolved_go(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    ingest(ledger, folder)
    (row, *_) = ledger.documents.all("default")
    former = replace(row, id="former", source=str(tmp_path / "link" / row.name), text="x")
    (tmp_path / "link").symlink_to(folder)
    ledger.documents.save([(former, [])])
    assert ingest(ledger, folder).deleted == [row.name]
    assert ledger.documents.count("default")[0] == 2


def test_progress_is_told_and_reaches_the_end(ledger: Ledger, folder: Path) -> None:
    for number in range(40):
        (folder / f"{number}.md").write_text(f"# Page {number}\n\nText.\n")
    told: list[Progress] = []
    indexed: list[int] = []

    def index(tell) -> None:
        tell(0.5)
        indexed.append(ledger.documents.count("default")[0])

    ingest_paths(ledger, [folder], tenant="default", limit_bytes=1000, progress=told.append, index=index)
    shares = [one.share for one in told]
    assert shares == sorted(shares)
    assert (told[-1].done, told[-1].files, told[-1].share) == (42, 42, 1.0)
    assert indexed == [32, 42]


def test_what_was_stopped_goes_on(ledger: Ledger, folder: Path) -> None:
    for number in range(40):
        (folder / f"{number}.md").write_text(f"# Page {number}\n\nText.\n")

    def stop(_) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_paths(ledger, [folder], tenant="default", limit_bytes=1000, index=stop)
    report = ingest(ledger, folder)
    assert (len(report.unchanged), len(report.added)) == (32, 10)


def test_the_time_left_is_told_from_one_second_on() -> None:
    now = [0.0]
    clock = Stopwatch(lambda: now[0])
    assert clock.words(Progress(1, 100, 0.1)) == ""
    now[0] = 1.5
    assert clock.words(Progress(10, 100, 0.1)) == "10 of 100 files, 10%, about 14 s left"
    now[0] = 1.6
    assert clock.words(Progress(11, 100, 0.11)) == ""
    now[0] = 100.0
    assert clock.words(Progress(2000, 10_000, 0.01)) == "2,000 of 10,000 files, 1%, about 2 h 45 min left"


def test_a_file_that_does_not_stop_changing_is_refused(ledger: Ledger, folder: Path) -> None:
    growing = folder / "log.txt"
    growing.write_text("start\n")

    class Growing(type(growing)):
        def read_bytes(self) -> bytes:
            data = super().read_bytes()
            with self.open("ab") as file:
                file.write(b"more\n")
            return data

    with pytest.raises(InvalidInput, match="changes while it is read"):
        read_file(Growing(growing), 1000)


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


def test_an_update_keeps_its_place_and_says_when(ledger: Ledger, folder: Path) -> None:
    first, later = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    ingest_paths(ledger, [folder], tenant="default", limit_bytes=1000, now=lambda: first)
    before = {row.name: row for row in ledger.documents.all("default")}
    (folder / "note.txt").write_text("Another note.\n")
    ingest_paths(ledger, [folder], tenant="default", limit_bytes=1000, now=lambda: later)
    after = {row.name: row for row in ledger.documents.all("default")}
    assert after["note.txt"].id == before["note.txt"].id
    assert after["note.txt"].updated_at == later
    assert after["manuals/fan.md"] == before["manuals/fan.md"]


def test_two_folders_may_hold_files_of_the_same_name(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "others"
    other.mkdir()
    (other / "note.txt").write_text("Quite another note.\n")
    (other / "bad.pdf").write_bytes(b"%PDF-1.7 nothing more")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 nothing more")
    report = ingest(ledger, folder, other)
    assert sorted(report.added) == ["manuals/fan.md", "note.txt", "note.txt"]
    assert len(report.refused) == 2
    sources = {row.source: ledger.documents.get(row.id, "default").text for row in ledger.documents.all("default")}
    assert sources[str(folder / "note.txt")] == "A short note.\n"
    assert sources[str(other / "note.txt")] == "Quite another note.\n"
    (other / "note.txt").unlink()
    assert ingest(ledger, other).deleted == ["note.txt"]
    assert {row.source for row in ledger.documents.all("default")} == {
        str(folder / "note.txt"),
        str(folder / "manuals" / "fan.md"),
    }


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]])
def test_the_longest_name_stays_whatever_came_last(ledger: Ledger, folder: Path, order: list[int]) -> None:
    ways = [folder, folder / "manuals", folder / "manuals" / "fan.md"]
    for way in order:
        ingest(ledger, ways[way])
    assert "manuals/fan.md" in {row.name for row in ledger.documents.all("default")}
    changes = len(ledger.outbox.pending("lexical", 100))
    for way in order:
        assert "manuals/fan.md" in ingest(ledger, ways[way]).unchanged
    assert len(ledger.outbox.pending("lexical", 100)) == changes


def test_a_path_given_twice_is_read_once(ledger: Ledger, folder: Path) -> None:
    report = ingest(ledger, folder, folder, folder / "note.txt")
    assert sorted(report.added) == ["manuals/fan.md", "note.txt"]
    (folder / "note.txt").unlink()
    assert ingest(ledger, folder, folder, folder / "note.txt").deleted == ["note.txt"]


def test_nothing_is_changed_when_one_of_the_paths_is_wrong(ledger: Ledger, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        ingest(ledger, folder, tmp_path / "nowhere")
    assert ledger.documents.count("default") == (0, 0)


def test_a_file_that_became_a_folder_and_back(ledger: Ledger, folder: Path) -> None:
    ingest(ledger, folder)
    (folder / "note.txt").unlink()
    (folder / "note.txt").mkdir()
    (folder / "note.txt" / "inner.md").write_text("# Inner\n\nText.\n")
    report = ingest(ledger, folder)
    assert (report.added, report.deleted) == (["note.txt/inner.md"], ["note.txt"])
    (folder / "note.txt" / "inner.md").unlink()
    (folder / "note.txt").rmdir()
    (folder / "note.txt").write_text("A note again.\n")
    report = ingest(ledger, folder / "note.txt")
    assert (report.added, report.deleted) == (["note.txt"], ["note.txt/inner.md"])


def test_links_that_lead_nowhere_or_round_in_circles_do_no_harm(ledger: Ledger, folder: Path) -> None:
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "dangling.md").symlink_to(folder / "gone.md")
    (folder / "manuals" / "up").symlink_to(folder)
    (folder / "linked.md").symlink_to(folder / "manuals" / "fan.md")
    report = ingest(ledger, folder)
    assert sorted(report.added) == ["manuals/fan.md", "note.txt"]
    assert set(report.refused) == {"loop.md", "dangling.md"}
    assert report.passed_over == {
        "linked.md": "A link to manuals/fan.md, which is read itself.",
        "manuals/up/": "A link to a folder: name the folder itself to ingest it.",
    }
    with pytest.raises(NotFound):
        ingest(ledger, folder / "loop.md")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_is_refused_at_once(ledger: Ledger, folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    report = ingest(ledger, folder)
    assert report.refused == {"pipe.md": "It is not a file. Give a file with text in it."}
    assert sorted(report.added) == ["manuals/fan.md", "note.txt"]


def test_a_name_that_is_not_text_is_refused_and_the_others_go_on(ledger: Ledger, folder: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("# Coffee\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    (folder / "网关 手册.md").write_text("# 网关\n\n温度。\n")
    report = ingest(ledger, folder)
    assert sorted(report.added) == ["manuals/fan.md", "note.txt", "网关 手册.md"]
    ((name, why),) = report.refused.items()
    assert "UTF-8" in why
    assert (name + why).isprintable()


@pytest.fixture
def nobodys_folder():
    """A folder with files that whoever runs the test may lock away, and a switch that drops root's rights."""
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    (root / "closed").mkdir()
    (root / "closed" / "inner.md").write_text("# Inner\n\nKept.\n")
    (root / "secret.md").write_text("# Secret\n\nKept.\n")
    (root / "open.md").write_text("# Open\n\nText.\n")

    @contextmanager
    def unprivileged():
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(user)

    yield root, unprivileged
    (root / "closed").chmod(0o755)
    shutil.rmtree(root)


def test_what_may_not_be_read_is_told_and_kept(nobodys_folder, tmp_path: Path) -> None:
    root, unprivileged = nobodys_folder
    ledger = open_ledger(root / "ledger.sqlite")
    ingest(ledger, root)
    (root / "secret.md").chmod(0)
    (root / "closed").chmod(0)
    (root / "open.md").write_text("# Open\n\nNew text.\n")
    for file in root.glob("ledger.sqlite*"):
        file.chmod(0o666)
    root.chmod(0o777)
    with unprivileged():
        report = ingest(ledger, root)
        alone = ingest(ledger, root / "closed")
    ledger.close()
    assert report.updated == ["open.md"]
    assert report.refused == {
        "closed": "Cannot be read: Permission denied.",
        "secret.md": "Cannot be read: Permission denied.",
    }
    assert report.deleted == alone.deleted == []
    assert alone.refused == {"closed": "Cannot be read: Permission denied."}
    ledger = open_ledger(root / "ledger.sqlite")
    assert {row.name for row in ledger.documents.all("default")} == {"closed/inner.md", "open.md", "secret.md"}
    ledger.close()
