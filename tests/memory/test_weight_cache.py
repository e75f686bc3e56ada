"""Weights are made once, whoever comes, and whoever dies."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.kernel.errors import StorageFailed
from memory.weight_cache import build_lock, digest_of_inputs, scratch_folder, write_whole

ROOT = Path(__file__).parents[2]
MAKER = """
import sys
from pathlib import Path
from memory.weight_cache import build_lock, scratch_folder, write_whole
target, log, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
with build_lock(target):
    if not target.exists():
        with scratch_folder(target) as folder:
            (folder / "half").write_text(name)
            with log.open("a") as file:
                file.write(name)
            print("build_lock", flush=True)
            sys.stdin.readline()
            write_whole(target, lambda file: file.write(name.encode() * 100_000))
print("done", flush=True)
"""


def maker(target: Path, log: Path, name: str) -> "subprocess.Popen[str]":
    """A process that makes `target` of its name; it waits for a line before it begins, and again in the middle."""
    command = [sys.executable, "-c", MAKER, str(target), str(log), name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert said(process) == "ready"
    return process


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_two_processes_at_once_one_makes_and_the_other_waits(tmp_path: Path) -> None:
    target, log = tmp_path / "weights", tmp_path / "log"
    with maker(target, log, "a") as first, maker(target, log, "b") as second:
        tell(first)
        assert said(first) == "build_lock"
        tell(second)
        tell(second)  # should it make, too, it would not wait
        tell(first)
        assert [said(first), said(second)] == ["done", "done"]
    assert log.read_text() == "a"
    assert target.read_bytes() == b"a" * 100_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "weights", "weights.lock"]


def test_a_maker_that_is_killed_in_the_middle_leaves_the_next_a_clean_start(tmp_path: Path) -> None:
    target, log = tmp_path / "weights", tmp_path / "log"
    with maker(target, log, "a") as first, maker(target, log, "b") as second:
        tell(first)
        assert said(first) == "build_lock"
        tell(second)
        first.kill()
        assert first.wait() == -signal.SIGKILL
        assert not target.exists()
        assert said(second) == "build_lock"
        assert [path.read_text() for path in (tmp_path / "weights.scratch").iterdir()] == ["b"]
        tell(second)
        assert said(second) == "done"
    assert target.read_bytes() == b"b" * 100_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "weights", "weights.lock"]


def test_what_fails_while_it_is_written_is_not_there(tmp_path: Path) -> None:
    target = tmp_path / "weights"

    def fail(file: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), build_lock(target):
        write_whole(target, fail)
    assert not target.exists()
    with build_lock(target):
        write_whole(target, lambda file: file.write(b"whole"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights", "weights.lock"]


def test_a_folder_that_cannot_be_made_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(StorageFailed), build_lock(tmp_path / "cache" / "weights"):
        pass


def test_a_scratch_folder_goes_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch_folder(tmp_path / "weights") as folder:
        (folder / "half").write_text("half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_digest_changes_with_every_input_and_with_the_packages() -> None:
    digests = {
        digest_of_inputs("a", "b", packages=["numpy"]),
        digest_of_inputs("a", "c", packages=["numpy"]),
        digest_of_inputs("ab", packages=["numpy"]),
        digest_of_inputs("a", "b", packages=["numpy", "scipy"]),
        digest_of_inputs("a", "b", packages=[]),
    }
    assert len(digests) == 5
    assert digest_of_inputs("a", "b", packages=["numpy"]) in digests
