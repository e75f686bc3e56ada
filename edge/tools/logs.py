"""Searching the device's logs. What stands in a log is data: it is quoted, and never obeyed."""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.kernel.errors import NotFound
from edge.tools.deadline import check_time, time_left
from edge.tools.log_lines import LogFile, Unreadable, blocks, list_files, open_folder
from edge.tools.log_times import written_at
from edge.tools.registry import DeviceTool, device_tool

__all__ = ["MOST_BYTES", "log_tools"]

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
