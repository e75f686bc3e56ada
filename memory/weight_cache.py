"""The weight cache: weights that were trained or quantised here, each file under the digest of what it was made from.

One folder serves all homes of a user (`Home.weights`). Any number of processes may use it at once and each may be
killed at any moment: a file is there whole or not at all, and one process at a time makes it.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from memory.home import storage_errors


def digest_of_inputs(*inputs: str, packages: Sequence[str]) -> str:
    """The digest of what weights are made from; 20 hexadecimal digits.

    Args:
        inputs: digests of data, and the versions of our own code.
        packages: distributions whose installed versions count.
    """
    versions = [f"{package}=={version(package)}" for package in packages]
    return hashlib.sha256("\n".join([*inputs, *versions]).encode()).hexdigest()[:20]


@contextmanager
def build_lock(target: Path) -> Generator[None]:
    """Be the only process that makes `target`, after waiting for any other; whoever enters looks again if it is there.

    Raises:
        StorageFailed: the folder cannot be made or written to.
    """
    lock = FileLock(target.with_name(f"{target.name}.lock"))
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def scratch_folder(target: Path) -> Generator[Path]:
    """A folder beside `target`, within `build_lock`; empty, whatever a killed process left in it.

    Raises:
        StorageFailed: the disk is full or read-only.
    """
    folder = target.with_name(f"{target.name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    with storage_errors(target.parent):
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def write_whole(target: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file, within `build_lock`, so that a reader finds it whole or not at all.

    Raises:
        StorageFailed: the disk is full or read-only.
    """
    part = target.with_name(f"{target.name}.part")  # what a killed process left of it is overwritten
    with storage_errors(target.parent):
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
