"""A number in a file: what the kernel shows in sysfs, or what another program writes."""

import json
import os
import stat
import time
from collections.abc import Callable
from typing import Any

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import FromFile

__all__ = ["FileDriver"]

LARGEST_FILE = 1 << 16


class FileDriver:
    """Reads the file anew each time.

    Args:
        wall: the clock by which files are dated, seconds since 1970.
    """

    def __init__(self, source: FromFile, wall: Callable[[], float] = time.time) -> None:
        self._source = source
        self._wall = wall

    def read(self, timeout_s: float) -> float:
        text = self._text()
        try:
            number: Any = float(text) if self._source.field is None else _within(json.loads(text), self._source.field)
        except (ValueError, RecursionError) as error:
            raise ToolFailed(f"{self._source.path} holds no number.") from error
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ToolFailed(f"{self._source.path} holds no number at {self._source.field}.")
        return float(number) * self._source.scale + self._source.offset

    def _text(self) -> str:
        path = self._source.path
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
            with os.fdopen(descriptor, "rb") as file:
                state = os.fstat(descriptor)
                if not stat.S_ISREG(state.st_mode):
                    raise ToolFailed(f"{path} is not a plain file.")
                content = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise ToolFailed(f"{path} cannot be read: {error.strerror}.") from error
        limit_s = self._source.stale_after_s
        if limit_s is not None and abs(self._wall() - state.st_mtime) > limit_s:
            raise ToolFailed(f"{path} was not written for more than {limit_s:g} s.")
        if len(content) > LARGEST_FILE:
            raise ToolFailed(f"{path} has more than {LARGEST_FILE} bytes.")
        return content.decode("utf-8", "replace").strip()


def _within(value: Any, field: str) -> Any:
    """Raises ValueError: there is nothing at this place."""
    for part in field.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise ValueError(field)
    return value
