"""The home folder: where everything that is kept lies, and who may write to it."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from memory.errors import Conflict, StorageFailed

__all__ = ["Home", "open_home", "storage_errors"]

_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one installation. Readers need no lock; a writer holds `lock(...)` while it writes."""

    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.sqlite"

    @property
    def threads(self) -> Path:
        return self.root / "threads.sqlite"

    @property
    def lexical(self) -> Path:
        return self.root / "lexical.sqlite"

    @property
    def vectors(self) -> Path:
        return self.root / "vectors"

    @property
    def cache(self) -> Path:
        """What can be made again: trained classifiers."""
        return self.root / "cache"

    @contextmanager
    def lock(self, name: str, doing: str, wait_s: float = 0.0) -> Generator[None]:
        """Hold the named lock of this home; it is released when the process dies, however it dies.

        Args:
            name: what is locked, such as "hub", "documents" or "thread-42"; letters, digits, `-` and `_`.
            doing: what the holder does, told to whoever finds the lock taken.
            wait_s: how long to wait for another holder, seconds.

        Raises:
            Conflict: another process holds it.
            StorageFailed: the lock file cannot be made.
        """
        folder = self.root / "locks"
        holder = folder / f"{name}.holder"
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock")
            try:
                lock.acquire(timeout=wait_s, poll_interval=0.02)
            except Timeout:  # an OSError, yet no failure of the storage
                who = holder.read_text(encoding="utf-8").strip() if holder.exists() else "another process"
                raise Conflict(
                    f"{self.root} is in use: {who}.",
                    "Wait for it or stop it, or give this one a home of its own with CHARGEHAND_HOME.",
                ) from None
        try:
            with storage_errors(folder):
                holder.write_text(f"{doing} (process {os.getpid()})", encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()


def open_home(root: Path) -> Home:
    """Make the folder where it is missing, readable by its owner only.

    Raises:
        StorageFailed: it cannot be made or written to.
    """
    home = Home(root.expanduser().resolve())
    with storage_errors(home.root):
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.cache.mkdir(exist_ok=True, mode=0o700)
    if not os.access(home.root, os.W_OK | os.X_OK):
        raise StorageFailed(f"{home.root} cannot be written to.", "Change its owner, or set CHARGEHAND_HOME.")
    return home


@contextmanager
def storage_errors(where: Path) -> Generator[None]:
    """Turn the operating system's and SQLite's storage errors into `StorageFailed`.

    Raises:
        StorageFailed: the disk is full, read-only or broken under `where`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _disk_full(where) from error
        raise StorageFailed(f"Cannot write under {where}: {error.strerror or error}.", "Check its rights.") from error
    except Exception as error:
        if "database or disk is full" in str(error) or "No space left on device" in str(error):
            raise _disk_full(where) from error
        raise


def _disk_full(where: Path) -> StorageFailed:
    return StorageFailed(f"The disk is full under {where}.", "Free some space; nothing was half-written.")
