"""Registers over Modbus-TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b).

Only the two functions that read registers are here: what cannot be said cannot be done to a machine. Each reading has
its own connection, so that a unit that hangs up, or answers for someone else, spoils one reading alone.
"""

import os
import socket
import struct
import time

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import FromModbus

__all__ = ["ModbusDriver"]

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
            with socket.create_connection((source.host, source.port), timeout=_left(ends)) as link:
                link.settimeout(_left(ends))
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
            link.settimeout(_left(ends))
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


def _left(ends: float) -> float:
    """Seconds until then. Raises TimeoutError: none."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
