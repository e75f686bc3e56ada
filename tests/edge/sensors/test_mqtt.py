"""The MQTT driver at a real broker: Debian's mosquitto."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import ToolFailed
from edge.sensors.board import SensorBoard
from edge.sensors.configuration import FromMqtt, Sensor
from edge.sensors.mqtt import MqttDriver
from tests.fakes.edge_processes import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


def begin(port: int, folder: Path) -> "subprocess.Popen[bytes]":
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    process = subprocess.Popen([program, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    return process


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    process = begin(port, tmp_path)
    yield port
    process.kill()
    process.wait()


def publish(port: int, topic: str, payload: str, *, retain: bool = True) -> None:
    from paho.mqtt.publish import single

    single(topic, payload, hostname="127.0.0.1", port=port, retain=retain)


def driver(port: int, **more: Any) -> MqttDriver:
    return MqttDriver(FromMqtt(host="127.0.0.1", port=port, topic="hall/inlet", **more))


def eventually(read: Any, wanted: float) -> float:
    until = time.monotonic() + 10
    while (value := read(3.0)) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return value


def test_the_last_message_is_the_value(broker: int) -> None:
    publish(broker, "hall/inlet", "38.5")
    source = driver(broker, scale=2, offset=1)
    assert source.read(5.0) == 78.0
    publish(broker, "hall/inlet", "40", retain=False)
    assert eventually(source.read, 81.0) == 81.0
    source.close()


def test_a_number_in_json_and_a_board(broker: int) -> None:
    publish(broker, "hall/inlet", '{"values": [{"t": 21.25}], "on": true}')
    source = FromMqtt(host="127.0.0.1", port=broker, topic="hall/inlet", field="values.0.t")
    board = SensorBoard([Sensor(name="inlet", unit="°C", source=source)])
    assert (board.read("inlet").value, board.read("inlet").state) == (21.25, "good")
    with pytest.raises(ToolFailed, match="no number"):
        driver(broker, field="on").read(5.0)


def test_what_says_nothing_or_no_number_is_dead(broker: int) -> None:
    silent = driver(broker, timeout_s=0.5)
    with pytest.raises(ToolFailed, match="says nothing"):
        silent.read(5.0)
    publish(broker, "hall/inlet", "broken")
    with pytest.raises(ToolFailed, match="no number"):
        driver(broker).read(5.0)
    publish(broker, "hall/inlet", "1")
    stale = driver(broker, stale_after_s=0.2)
    stale.read(5.0)
    time.sleep(0.4)
    with pytest.raises(ToolFailed, match="said nothing for more"):
        stale.read(5.0)


def test_a_broker_that_is_away_is_told_and_found_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    source = driver(port, timeout_s=0.3)
    with pytest.raises(ToolFailed, match="not reached"):
        source.read(5.0)
    process = begin(port, tmp_path)
    publish(port, "hall/inlet", "7")
    until = time.monotonic() + 20
    value = None
    while value is None and time.monotonic() < until:
        try:
            value = source.read(1.0)
        except ToolFailed:
            continue
    source.close()
    process.kill()
    process.wait()
    assert value == 7.0
