"""Drivers: where a sensor's value comes from. A simulation, a number in a file, or registers over Modbus-TCP.

Each has `read(timeout_s)`: the value now, in the sensor's unit, from any thread. It raises ToolFailed where the sensor
does not answer, or answers what is no number; the message says which.

Of Modbus (Messaging on TCP/IP Implementation Guide V1.0b) only the two functions that read registers are here: what
cannot be said cannot be done to a machine. Each reading has its own connection, so that a unit that hangs up, or
answers for someone else, spoils one reading alone.
"""

import json
import math
import os
import socket
import stat
import struct
import time
from collections.abc import Callable
from typing import Any

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import FromFile, FromModbus, Simulated
from edge.sensors.fields import within


class Simulator:
    """A wave with noise.

    Args:
        monotonic: seconds; the wave begins when the simulator is made.
    """

    def __init__(self, source: Simulated, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._monotonic = monotonic
        self._began = monotonic()

    def read(self, timeout_s: float) -> float:
        source, elapsed_s = self._source, self._monotonic() - self._began
        faulty = source.fault != "none" and elapsed_s >= source.fault_from_s
        if faulty and source.fault == "dead":
            raise ToolFailed("The simulated sensor does not answer.")
        if faulty and source.fault == "stuck":
            elapsed_s = source.fault_from_s
        value = self._at(elapsed_s)
        return value + 1e6 * (abs(source.base) + abs(source.swing) + 1) if faulty and source.fault == "wild" else value

    def _at(self, elapsed_s: float) -> float:
        import random

        source = self._source
        noise = random.Random(f"{source.seed}:{math.floor(elapsed_s)}").gauss(0.0, 1.0) * source.noise  # noqa: S311  # no secret
        return source.base + source.swing * math.sin(2 * math.pi * elapsed_s / source.period_s) + noise


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
            number: Any = float(text) if self._source.field is None else within(json.loads(text), self._source.field)
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


_FUNCTIONS = {"holding": 3, "input": 4}
_FORMATS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
_EXCEPTIONS = {1: "function not known", 2: "no such register", 3: "bad value", 4: "device failure", 6: "busy"}
_HEADER = struct.Struct(">HHHB")
"""Transaction, protocol (0), bytes that follow, unit."""


class ModbusDriver:
    """Reads one value of a unit."""

    def __init__(self, source: FromModbus) -> None:
        self._source = source
        self._words = struct.calcsize(_FORMATS[source.type]) // 2

    def read(self, timeout_s: float) -> float:
        source = self._source
        ends = time.monotonic() + min(timeout_s, source.timeout_s)
        transaction = int.from_bytes(os.urandom(2))
        function = _FUNCTIONS[source.table]
        ask = struct.pack(">BHH", function, source.address, self._words)
        try:
            with socket.create_connection((source.host, source.port), timeout=_seconds_left(ends)) as link:
                link.settimeout(_seconds_left(ends))
                link.sendall(_HEADER.pack(transaction, 0, len(ask) + 1, source.unit) + ask)
                answer = self._answer(link, ends, transaction)
        except TimeoutError as error:
            raise ToolFailed(f"{self._where} did not answer in time.") from error
        except OSError as error:
            raise ToolFailed(f"{self._where} cannot be reached: {error.strerror or error}.") from error
        return self._value(function, answer)

    @property
    def _where(self) -> str:
        return f"Modbus unit {self._source.unit} at {self._source.host}:{self._source.port}"

    def _answer(self, link: socket.socket, ends: float, transaction: int) -> bytes:
        """Function and data of the answer. Raises ToolFailed: it is not one to this question."""
        number, protocol, length, unit = _HEADER.unpack(self._exactly(link, _HEADER.size, ends))
        if (number, protocol, unit) != (transaction, 0, self._source.unit) or not 3 <= length <= 254:
            raise ToolFailed(f"{self._where} answered something else.")
        return self._exactly(link, length - 1, ends)

    def _exactly(self, link: socket.socket, size: int, ends: float) -> bytes:
        content = b""
        while len(content) < size:
            link.settimeout(_seconds_left(ends))
            part = link.recv(size - len(content))
            if not part:
                raise ToolFailed(f"{self._where} hung up.")
            content += part
        return content

    def _value(self, function: int, answer: bytes) -> float:
        if answer[0] == function | 0x80:
            raise ToolFailed(f"{self._where} refused: {_EXCEPTIONS.get(answer[1], f'code {answer[1]}')}.")
        if answer[0] != function or answer[1] != 2 * self._words or len(answer) != 2 + answer[1]:
            raise ToolFailed(f"{self._where} answered something else.")
        data = answer[2:]
        if self._words == 2 and self._source.words == "low_first":
            data = data[2:] + data[:2]
        (number,) = struct.unpack(_FORMATS[self._source.type], data)
        return float(number) * self._source.scale + self._source.offset


def _seconds_left(ends: float) -> float:
    """Seconds until then. Raises TimeoutError: none."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
