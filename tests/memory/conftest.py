"""What the tests of memory share."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    with mounted(tmp_path / "disk", "size=8m") as disk:
        yield disk


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty disk that nobody may write to, root neither."""
    with mounted(tmp_path / "read-only", "ro") as disk:
        yield disk


@contextmanager
def mounted(disk: Path, options: str) -> Iterator[Path]:
    """A disk in memory; skips the test where none can be mounted."""
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], capture_output=True, check=False, timeout=20
    )
    if not made or made.returncode:
        pytest.skip("a disk cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True, timeout=20)
