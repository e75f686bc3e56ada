"""Files that survive a power cut: replaced whole, synced with their folder, and known by their digest."""

import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.kernel.errors import StorageFailed


@contextmanager
def disk_errors(what: str, advice: str) -> Generator[None]:
    """What the disk fails at within the block is raised as StorageFailed: `what` is wrong, and how that is mended."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"{what}: {error.strerror}.", advice) from error


def file_digest(path: Path) -> str:
    """`sha256:` and 64 hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def sync_folder(folder: Path) -> None:
    """What was put into the folder is there after a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """The file has this content, whole, when this returns; before, it has what it had. Raises StorageFailed."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # What failed is being raised.
            fresh.unlink(missing_ok=True)
        raise StorageFailed(f"{path} cannot be written: {error.strerror}.") from error
