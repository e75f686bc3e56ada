"""Reading registers over Modbus-TCP."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import FromModbus
from edge.sensors.drivers import ModbusDriver
from tests.fakes.modbus_units import Answer, answering, modbus_unit

HIGH, LOW = struct.unpack(">HH", struct.pack(">f", 21.5))


def reading(answer: Answer, timeout_s: float = 2.0, **source: Any) -> float:
    with modbus_unit(answer) as port:
        return ModbusDriver(FromModbus(host="127.0.0.1", port=port, **{"address": 10, **source})).read(timeout_s)


@pytest.mark.parametrize(
    ("registers", "source", "value"),
    [
        ({10: 217}, {}, 217),
        ({10: 0xFFFF}, {"type": "int16"}, -1),
        ({10: 215}, {"scale": 0.1, "offset": -1}, 20.5),
        ({10: HIGH, 11: LOW}, {"type": "float32"}, 21.5),
        ({10: LOW, 11: HIGH}, {"type": "float32", "words": "low_first"}, 21.5),
        ({10: 1, 11: 0}, {"type": "uint32", "table": "holding"}, 65536),
        ({10: 0xFFFF, 11: 0xFFFE}, {"type": "int32"}, -2),
    ],
)
def test_values_of_all_types_are_read(registers: dict[int, int], source: dict[str, Any], value: float) -> None:
    assert reading(answering(registers), **source) == pytest.approx(value)


def test_a_unit_that_refuses_is_told_with_its_reason() -> None:
    with pytest.raises(ToolFailed, match="no such register"):
        reading(answering({}))


def test_a_unit_that_hangs_up_is_dead_at_once() -> None:
    with pytest.raises(ToolFailed, match=r"hung up|cannot be reached"):
        reading(lambda _: None)


def test_a_unit_that_hangs_up_in_the_middle_of_its_answer() -> None:
    with pytest.raises(ToolFailed, match="hung up"):
        reading(lambda request: answering({10: 1})(request)[:9])


def test_a_unit_that_says_nothing_costs_no_more_than_the_time_limit() -> None:
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="in time"):
        reading(lambda _: b"", timeout_s=0.2)
    assert time.monotonic() - began < 2


def test_a_unit_that_drips_bytes_costs_no_more_than_the_time_limit() -> None:
    began = time.monotonic()
    with _dripping() as port, pytest.raises(ToolFailed, match="in time"):
        ModbusDriver(FromModbus(host="127.0.0.1", port=port, address=1)).read(0.5)
    assert time.monotonic() - began < 3


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ToolFailed, match="cannot be reached"):
        ModbusDriver(FromModbus(host="127.0.0.1", port=port, address=1)).read(1.0)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: bytes([said[0] ^ 1]) + said[1:],  # another transaction
        lambda said: said[:2] + b"\0\1" + said[4:],  # another protocol
        lambda said: said[:6] + b"\x07" + said[7:],  # another unit
        lambda said: said[:7] + b"\x03" + said[8:],  # another function
        lambda said: said[:8] + b"\x04" + said[9:],  # another count
        lambda said: said[:4] + b"\xff\xff" + said[6:],  # far too long
        lambda said: said[:4] + b"\0\1" + said[6:],  # too short
    ],
)
def test_answers_to_other_questions_are_not_believed(spoil: Any) -> None:
    with pytest.raises(ToolFailed):
        reading(lambda request: spoil(answering({10: 1})(request)), timeout_s=0.5)


@given(noise=st.binary(max_size=40))
def test_noise_is_never_a_value_or_a_crash(noise: bytes) -> None:
    driver = ModbusDriver(FromModbus(host="127.0.0.1", address=10, type="float32"))
    with pytest.raises(ToolFailed):
        driver._value(4, driver._answer(_Said(noise), time.monotonic() + 1, 7))  # type: ignore[arg-type]


class _Said:
    """A link on which these bytes come, and then the end."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def settimeout(self, timeout_s: float) -> None:
        pass

    def recv(self, size: int) -> bytes:
        part, self._content = self._content[:size], self._content[size:]
        return part


@contextmanager
def _dripping() -> Generator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        link, _ = listener.accept()
        with link:
            while not stop.wait(0.1):
                try:
                    link.sendall(b"\0")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join(5)
        listener.close()


@pytest.mark.integration
@pytest.mark.skipif(find_spec("pymodbus") is None, reason="pymodbus is not installed")
def test_a_real_server_of_another_maker_is_understood() -> None:
    with _pymodbus() as port:
        source = FromModbus(host="127.0.0.1", port=port, address=10, type="float32", table="holding")
        assert ModbusDriver(source).read(2.0) == pytest.approx(21.5)
        with pytest.raises(ToolFailed, match="refused"):
            ModbusDriver(source.model_copy(update={"address": 4000})).read(2.0)


@contextmanager
def _pymodbus() -> Generator[int]:
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    loop = asyncio.new_event_loop()
    started = threading.Event()
    servers: list[ModbusTcpServer] = []

    async def serve() -> None:
        block = SimData(10, values=[HIGH, LOW], datatype=DataType.REGISTERS)
        servers.append(ModbusTcpServer(SimDevice(1, [block]), address=("127.0.0.1", port)))
        await servers[0].serve_forever(background=True)
        started.set()

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    assert started.wait(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(servers[0].shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
