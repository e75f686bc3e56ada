"""The home folder: where everything that is kept lies, and who may write to it."""

import errno
import hashlib
import os
import shutil
import sqlite3
import struct
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from filelock import FileLock, Timeout

from edge.kernel.errors import Conflict, StorageFailed

_FLOCK = "hhqqi4x"
"""Linux's `struct flock`: type, whence, start, length, process."""

_PATIENCE_S = 1.0
"""How long a lock is waited for before who waits is told."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_LEAST_FREE_BYTES = 64 * 1024
_BROKEN = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Primary result codes of SQLite that tell of the surroundings, not of a mistake in a statement."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one installation. Readers need no lock; a writer holds `lock(...)` while it writes.

    Attributes:
        shared_cache: folder that all homes of the user share; None where there is none that can be written to.
        writable: whether anything can be kept; otherwise it can be searched and verified.
    """

    root: Path
    shared_cache: Path | None = None
    writable: bool = True

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.sqlite"

    @property
    def threads(self) -> Path:
        return self.root / "threads.sqlite"

    @property
    def memories(self) -> Path:
        return self.root / "memories.sqlite"

    @property
    def lexical(self) -> Path:
        return self.root / "lexical.sqlite"

    @property
    def vectors(self) -> Path:
        return self.root / "vectors"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def identity(self) -> Path:
        """The key by which devices know this hub."""
        return self.root / "identity.key"

    @property
    def cache(self) -> Path:
        """What can be made again, such as copies of artifacts that are kept elsewhere."""
        return self.root / "cache"

    @property
    def weights(self) -> Path:
        """The weight cache: the one that homes share, else this home's own."""
        return self.shared_cache or self.cache

    @contextmanager
    def lock(
        self, name: str, doing: str, wait_s: float = 0.0, waiting: Callable[[str], None] | None = None
    ) -> Generator[Callable[[str], None]]:
        """Hold the named lock of this home; it is released when the process dies, however it dies.

        Args:
            name: what is locked, such as "hub" or "documents"; letters, digits, `-` and `_`.
            doing: what the holder does, told to whoever finds the lock taken.
            wait_s: how long to wait for another holder, seconds.
            waiting: is told what the other holder does, about once a second.

        Yields:
            Tells others what the holder does by now, in place of `doing`.

        Raises:
            Conflict: another process holds it.
            StorageFailed: the lock file cannot be made.
        """
        folder = self.root / "locks"
        holder = folder / f"{name}.holder"
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock")
            until = monotonic() + wait_s
            while True:
                try:
                    lock.acquire(timeout=max(0.0, min(_PATIENCE_S, until - monotonic())), poll_interval=0.02)
                    break
                except Timeout:
                    if monotonic() >= until:
                        raise Conflict(
                            f"{self.root} is in use: {_told(holder)}.",
                            "Wait for it or stop it, or give this one a home of its own with CHARGEHAND_HOME.",
                        ) from None
                    if waiting is not None:
                        waiting(_told(holder))

        def tell(doing: str) -> None:
            with storage_errors(folder):
                holder.write_text(f"{doing} (process {os.getpid()})", encoding="utf-8")

        try:
            tell(doing)
            yield tell
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def claim(self, kind: str, key: str, doing: str, doings: Sequence[str]) -> Generator[None]:
        """Hold one of any number of locks of a kind; it is released when the process dies, however it dies.

        All of a kind are in one file, a range of bytes each (open file description locks; POSIX.1-2024), as long as it
        takes to tell the holder's process and what it does. A file for each would stay for ever, and whoever waits for
        the disk would wait 0.7 ms longer for its making.

        Args:
            kind: what there are many of, such as "threads"; letters, digits, `-` and `_`.
            key: which of them; any text.
            doing: what the holder does, one of `doings`, told to whoever finds the lock taken.
            doings: all that holders of the kind do; the same in every process.

        Raises:
            Conflict: it is held, in this process or another.
            StorageFailed: the lock file cannot be made.
        """
        folder, digest = self.root / "locks", _digest(key)
        if sys.platform != "linux":  # elsewhere the struct is another
            with self.lock(f"{kind}-{digest.hex()[:24]}", f"{doing} {key}"):
                yield
            return
        import fcntl

        with storage_errors(folder):
            file = _opened(folder / f"{kind}.lock")
        start = _place(digest)
        told = os.getpid() * len(doings) + doings.index(doing)
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, told + 1, 0)
        try:
            with storage_errors(folder):
                while not _taken(file, wanted):
                    found = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_OFD_GETLK, wanted))
                    if found[0] == fcntl.F_UNLCK:
                        continue  # let go since
                    holder, does = divmod(found[3] - 1, len(doings))
                    why = f"{self.root} is in use: {doings[does]} {key} (process {holder})."
                    raise Conflict(why, "Wait for it or stop it.")
            yield
        finally:
            os.close(file)

    def is_claimed(self, kind: str, key: str) -> bool:
        """Whether somebody holds that `claim`, in this process or another. Nobody is kept from it by the look.

        Raises:
            StorageFailed: the lock file cannot be made.
        """
        folder, digest = self.root / "locks", _digest(key)
        if sys.platform != "linux":
            try:
                with self.lock(f"{kind}-{digest.hex()[:24]}", "looking"):
                    return False
            except Conflict:
                return True
        with storage_errors(folder):
            file = _opened(folder / f"{kind}.lock")
            try:
                return _taken_by_another(file, _place(digest))
            finally:
                os.close(file)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _place(digest: bytes) -> int:
    """The first byte of a key's range; there is room for any process number, and four doings."""
    return int.from_bytes(digest[:8]) >> 25 << 24


def _taken_by_another(file: int, start: int) -> bool:
    import fcntl

    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0)
    return struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_OFD_GETLK, wanted))[0] != fcntl.F_UNLCK


def _opened(path: Path) -> int:
    """A file to be locked, made where it is missing. Looking first whether its folder is there would take longer."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _taken(file: int, wanted: bytes) -> bool:
    """Whether a range of bytes, a `struct flock`, could be locked at once."""
    import fcntl

    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, wanted)
    except BlockingIOError:
        return False
    return True


def _told(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip() or "another process"
    except FileNotFoundError:  # not written yet, or just gone
        return "another process"


def open_home(root: Path, shared_cache: Path | None = None) -> Home:
    """Make the folder where it is missing, readable by its owner only.

    Args:
        shared_cache: as `Settings.cache`; one that cannot be made or written to is passed over.

    Raises:
        StorageFailed: it cannot be made, or cannot be written to and holds nothing that could be read.
    """
    home = Home(root.expanduser().resolve(), _writable(shared_cache))
    if home.root.is_dir() and not os.access(home.root, os.W_OK | os.X_OK):
        if os.access(home.ledger, os.R_OK):
            return replace(home, writable=False)
        raise StorageFailed(f"{home.root} cannot be written to.", "Change its owner, or set CHARGEHAND_HOME.")
    with storage_errors(home.root):
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.cache.mkdir(exist_ok=True, mode=0o700)
    return home


def sqlite_address(path: Path) -> str:
    """The file as SQLite opens it by URI: private to its owner, or read-only where nothing can be written.

    Raises:
        OSError: it cannot be made.
    """
    quoted = quote(str(path))
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        # Without a journal nothing is missing from the file itself, and no index of the journal need be made.
        journal = path.with_name(f"{path.name}-wal")
        whole = not journal.exists() or journal.stat().st_size == 0
        return f"file:{quoted}?mode=ro" + ("&immutable=1" if whole else "")
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    elif path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
        for file in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
            if file.exists():
                file.chmod(0o600)
    return f"file:{quoted}?mode=rwc"


def _writable(cache: Path | None) -> Path | None:
    """The folder, made where it is missing; None where it cannot be written to."""
    if cache is None:
        return None
    folder = cache.expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None  # such as a read-only disk, or a file in the way
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


@contextmanager
def storage_errors(where: Path) -> Generator[None]:
    """Turn the operating system's and SQLite's storage errors into `StorageFailed`; those of pipes and sockets pass.

    Raises:
        StorageFailed: the disk is full, read-only or broken under `where`.
    """
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        raise _storage_failed(where, error.strerror or str(error), full=error.errno in _FULL) from error
    except Exception as error:
        cause = getattr(error, "orig", error)  # SQLAlchemy wraps SQLite's own
        code = getattr(cause, "sqlite_errorcode", None)
        if not isinstance(cause, sqlite3.Error) or code is None or code & 0xFF not in _BROKEN:
            raise
        raise _storage_failed(where, str(cause), full=code & 0xFF == sqlite3.SQLITE_FULL) from error


def _storage_failed(where: Path, why: str, *, full: bool) -> StorageFailed:
    if full or is_full(where):
        return StorageFailed(f"The disk is full under {where}.", "Free some space; nothing was half-written.")
    return StorageFailed(f"Cannot read or write {where}: {why}.", "Check the disk and the rights of the file.")


def is_full(where: Path) -> bool:
    """Whether there is next to no space left on the disk of a path.

    SQLite tells of a full disk as of any other failure when it cannot make its shared memory.
    """
    folder = next(path for path in (where, *where.parents) if path.is_dir())
    return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES
