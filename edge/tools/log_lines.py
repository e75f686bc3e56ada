"""The lines of log files, rotated and packed ones too, at a bounded price.

A folder is walked through its descriptor and without following links, so nothing outside of it is ever opened, whatever
is moved about meanwhile. Only plain files are opened.
"""

import os
import stat
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge.kernel.errors import ToolFailed

__all__ = ["BLOCK_BYTES", "LogFile", "Unreadable", "blocks", "list_files", "open_folder"]

BLOCK_BYTES = 1 << 18
_DEEPEST = 3
_MOST_FILES = 2_000
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Unreadable(Exception):
    """A file is not text, or damaged; the message says which."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file below a folder.

    Attributes:
        name: path below the folder, with slashes.
        written: when it was last written, seconds since 1970 by the device's clock.
    """

    name: str
    written: float
    size_bytes: int


@contextmanager
def open_folder(path: Path) -> Generator[int]:
    """Descriptor of a folder. Raises ToolFailed: it is not there, or may not be read."""
    try:
        descriptor = os.open(path, _FOLDER)
    except OSError as error:
        raise ToolFailed(f"The folder of logs cannot be read: {error.strerror}.", "Tell the device's owner.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def list_files(folder: int, check_time: Callable[[], None]) -> list[LogFile]:
    """The plain files below a folder, newest first. Links, and folders deeper than three, are left out."""
    found: list[LogFile] = []
    _walk(folder, "", _DEEPEST, found, check_time)
    return sorted(found, key=lambda file: (-file.written, file.name))


def _walk(folder: int, prefix: str, depth: int, found: list[LogFile], check_time: Callable[[], None]) -> None:
    check_time()
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(found) >= _MOST_FILES:
                return
            try:
                if entry.is_file(follow_symlinks=False):
                    state = entry.stat(follow_symlinks=False)
                    found.append(LogFile(prefix + entry.name, state.st_mtime, state.st_size))
                elif depth and entry.is_dir(follow_symlinks=False):
                    below = os.open(entry.name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                    try:
                        _walk(below, f"{prefix}{entry.name}/", depth - 1, found, check_time)
                    finally:
                        os.close(below)
            except OSError:  # it went away, or may not be read
                continue


def blocks(folder: int, name: str, most_bytes: int) -> Iterator[bytes]:
    """The text of a file in blocks that end with a line, from the first to the last.

    Of a plain file that is longer, the last `most_bytes`; of a packed one (gzip), the first that many once unpacked.

    Raises:
        Unreadable: it is not text, or damaged.
        OSError: it went away, or may not be read.
    """
    with _opened(folder, name) as file:
        raw = _unpacked(file, most_bytes) if name.endswith(".gz") else _tail(file, most_bytes)
        rest, first = b"", True
        for block in raw:
            if first and b"\0" in block:
                raise Unreadable("not text")
            first = False
            whole, end, rest = (rest + block).rpartition(b"\n")
            if end:
                yield whole
            elif len(rest) > BLOCK_BYTES:  # a line without an end
                yield rest
                rest = b""
        if rest:
            yield rest


@contextmanager
def _opened(folder: int, name: str) -> Generator[BinaryIO]:
    """Open a file step by step, so that no part of its name may be a link."""
    *folders, last = name.split("/")
    opened: list[int] = []
    try:
        for part in folders:
            opened.append(os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=opened[-1] if opened else folder))
        descriptor = os.open(last, _FILE, dir_fd=opened[-1] if opened else folder)
    finally:
        for below in opened:
            os.close(below)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("not a plain file")
        yield file  # pyright: ignore[reportReturnType]  # raw files read as others do


def _tail(file: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    size = os.fstat(file.fileno()).st_size
    if size > most_bytes:
        file.seek(size - most_bytes)
    left = most_bytes
    while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
        left -= len(block)
        yield block


def _unpacked(file: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    """What gzip members hold; never more than a block is in memory, whatever they would give."""
    left, packed = most_bytes, b""
    inflater = zlib.decompressobj(wbits=31)
    try:
        while left > 0:
            packed = packed or file.read(BLOCK_BYTES)
            if not packed:
                if not inflater.eof:
                    raise Unreadable("it ends too early")
                return
            if inflater.eof:
                inflater = zlib.decompressobj(wbits=31)
            block = inflater.decompress(packed, min(BLOCK_BYTES, left))
            packed = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            left -= len(block)
            if block:
                yield block
    except zlib.error as error:
        raise Unreadable("damaged") from error
