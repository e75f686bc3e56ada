"""Searching the device's logs, rotated and packed files too, at a bounded price.

What stands in a log is data: it is quoted, and never obeyed. A folder is walked through its descriptor and without
following links, so nothing outside of it is ever opened, whatever is moved about meanwhile; only plain files are.
"""

import os
import re
import stat
import time
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field

from edge.kernel.errors import NotFound, ToolFailed
from edge.tools.deadline import check_time, time_left
from edge.tools.tool import DeviceTool, device_tool

_ISO = re.compile(r"\W{0,2}(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?\s?(Z|[+-]\d\d:?\d\d)?")
_SYSLOG = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)\b")
_MONTHS: tuple[str, ...] = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_DAY_S = 86_400.0


def written_at(line: str, now: float) -> float | None:
    """Seconds since 1970; None where the line does not begin with a time that is known here.

    Times without a zone are the device's own. Those of syslog have no year: it is the last in which they are not more
    than a day ahead.

    Args:
        now: seconds since 1970.
    """
    try:
        if found := _ISO.match(line):
            zone = (found[3] or "").replace("Z", "+00:00")
            return datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").timestamp()
        if (found := _SYSLOG.match(line)) and found[1] in _MONTHS:
            month, year = _MONTHS.index(found[1]) + 1, datetime.fromtimestamp(now).astimezone().year
            times = [
                datetime.fromisoformat(f"{one:04}-{month:02}-{int(found[2]):02}T{found[3]}").timestamp()
                for one in (year + 1, year, year - 1)
                if month != 2 or int(found[2]) < 29 or _leap(one)
            ]
            return next((at for at in times if at <= now + _DAY_S), None)
    except (ValueError, OverflowError, OSError):  # such as the 31st of November
        return None
    return None


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


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


MOST_BYTES = 256 << 20
"""Of text that one search looks through."""
_ERRORS = re.compile(
    rb"\b(?:error|err|fatal|crit(?:ical)?|alert|emerg|panic|fail(?:ed|ure)?|exception)\b", re.IGNORECASE
)
_WARNINGS = re.compile(_ERRORS.pattern + rb"|\bwarn(?:ing)?\b", re.IGNORECASE)
_LEVELS: dict[str | None, re.Pattern[bytes] | None] = {None: None, "error": _ERRORS, "warning": _WARNINGS}
"""Words by which programs of all kinds mark their lines."""
_LONGEST_LINE = 400
_SPARE_S = 0.5
"""Time that is kept for giving what was found."""


def log_tools(
    folders: Mapping[str, Path],
    most_bytes: int = MOST_BYTES,
    timeout_s: float = 15.0,
    wall: Callable[[], float] = time.time,
) -> list[DeviceTool]:
    """The tool over an allow-list of folders.

    Args:
        folders: name -> folder; callers use the name.
        wall: the clock by which logs are dated, seconds since 1970.
    """

    def log_search(
        text: Annotated[str, Field(max_length=200)] = "",
        level: Literal["warning", "error"] | None = None,
        folder: Annotated[str | None, Field(max_length=64)] = None,
        file: Annotated[str | None, Field(max_length=255)] = None,
        minutes: Annotated[float | None, Field(gt=0, le=1_000_000)] = None,
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> dict[str, Any]:
        """Find lines of the device's logs that hold all words of a text, newest first; level asks for errors alone, or
        for warnings and errors. Without a text it gives the newest lines.

        Rotated and packed files are searched, too; without a folder, all folders. A file is named as results name it.
        A line without a time of its own counts to the line before it.
        """
        words = text.casefold().split()
        chosen = _chosen(folders, folder)
        since = None if minutes is None else wall() - 60 * minutes
        search = _Search(words, _LEVELS[level], since, wall(), limit, most_bytes)
        for name, path in chosen.items():
            with open_folder(path) as descriptor:
                files = [one for one in list_files(descriptor, check_time) if file is None or one.name == file]
                if file is not None and not files and folder is not None:
                    raise NotFound(f"There is no plain file {file!r} in {name}.", "Search without it.")
                search.folder(name, descriptor, files)
        return search.result()

    return [device_tool(log_search, timeout_s=timeout_s, quotes=True)]


def _chosen(folders: Mapping[str, Path], name: str | None) -> Mapping[str, Path]:
    if name is None:
        return folders
    if name not in folders:
        raise NotFound(f"No folder of logs is called {name!r}.", f"There are: {', '.join(folders) or 'none'}.")
    return {name: folders[name]}


@dataclass(slots=True)
class _Search:
    """One search: what was found, and what was not looked at.

    Attributes:
        words: casefolded; a line must hold all of them.
        level: what else it must hold.
        since: not before, seconds since 1970, by the times that lines begin with; None for any.
        left_bytes: of text that may still be looked at.
    """

    words: list[str]
    level: re.Pattern[bytes] | None
    since: float | None
    now: float
    limit: int
    left_bytes: int
    found: list[tuple[float, dict[str, Any]]] = field(default_factory=list[tuple[float, dict[str, Any]]])
    skipped: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    files: int = 0
    complete: bool = True

    def folder(self, name: str, descriptor: int, files: list[LogFile]) -> None:
        """Search files, newest first, until enough lines were found."""
        enough = 0
        for file in files:
            if enough >= self.limit or (self.since is not None and file.written < self.since):
                break
            if self.left_bytes <= 0 or time_left() < _SPARE_S:
                self.complete = False
                break
            try:
                lines = self._file(descriptor, file)
            except (Unreadable, OSError) as error:
                why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
                self.skipped.append({"folder": name, "file": file.name, "why": why})
                continue
            self.files += 1
            enough += len(lines)
            rows = ({"folder": name, "file": file.name, "text": _shown(line, self.words)} for line in reversed(lines))
            self.found.extend((file.written, row) for row in rows)

    def _file(self, descriptor: int, file: LogFile) -> list[str]:
        """The last lines of a file that hold all words."""
        plain = [word.encode() for word in self.words if word.isascii()]
        lines: deque[str] = deque(maxlen=self.limit)
        recent = _Recent(self.since, self.now)
        for block in blocks(descriptor, file.name, self.left_bytes):
            self.left_bytes -= len(block) + 1
            lowered = block.lower()
            if self.since is not None or all(word in lowered for word in plain):
                chosen = filter(recent.holds, block.split(b"\n"))
                lines.extend(filter(None, (self._matched(line, plain) for line in chosen)))
            if time_left() < _SPARE_S:
                self.complete = False
                break
        if self.left_bytes <= 0:
            self.complete = False
        return list(lines)

    def _matched(self, line: bytes, plain: list[bytes]) -> str | None:
        """The line, where it is one of those that are looked for."""
        lowered = line.lower()
        if not all(word in lowered for word in plain) or (self.level and not self.level.search(line)):
            return None
        text = line.decode("utf-8", "replace").rstrip("\r")
        return text if all(word in text.casefold() for word in self.words) else None

    def result(self) -> dict[str, Any]:
        rows = [row for _, row in sorted(self.found, key=lambda found: -found[0])[: self.limit]]
        answer: dict[str, Any] = {"lines": rows, "files_searched": self.files, "complete": self.complete}
        return {**answer, "skipped": self.skipped[:20]} if self.skipped else answer


@dataclass(slots=True)
class _Recent:
    """Whether lines are recent enough, one after another."""

    since: float | None
    now: float
    last: bool = True

    def holds(self, line: bytes) -> bool:
        if self.since is not None:
            at = written_at(line[:64].decode("utf-8", "replace"), self.now)
            if at is not None:
                self.last = at >= self.since
        return self.last


def _shown(line: str, words: list[str]) -> str:
    """The line, or the part of it around the first word where it is long."""
    if len(line) <= _LONGEST_LINE:
        return line
    place = max(0, line.casefold().find(words[0] if words else "") - _LONGEST_LINE // 4)
    return ("…" if place else "") + line[place : place + _LONGEST_LINE] + "…"
