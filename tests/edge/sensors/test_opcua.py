"""The OPC UA driver at a real server: asyncua's own, in a thread."""

from collections.abc import Iterator

import pytest

from edge.kernel.errors import ToolFailed
from edge.sensors.board import SensorBoard
from edge.sensors.configuration import FromOpcUa, Sensor
from edge.sensors.opcua import OpcUaDriver
from tests.fakes.edge_processes import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, str, str]]:
    """A server with a number and a text: its address and their nodes."""
    from asyncua.sync import Server

    url = f"opc.tcp://127.0.0.1:{free_port()}/press"
    server = Server()
    server.set_endpoint(url)
    space = server.register_namespace("http://example.org/press")
    press = server.nodes.objects.add_object(space, "Press")
    number, text = press.add_variable(space, "Temperature", 61.5), press.add_variable(space, "Name", "press 1")
    server.start()
    yield url, number.nodeid.to_string(), text.nodeid.to_string()
    server.stop()


def test_the_value_of_a_node_is_read(served: tuple[str, str, str]) -> None:
    url, number, _ = served
    source = FromOpcUa(url=url, node=number, timeout_s=20)
    assert OpcUaDriver(source).read(20.0) == 61.5
    board = SensorBoard([Sensor(name="press", unit="°C", source=source, alarm_above=60)])
    assert board.read("press", 20.0).state == "high"


@pytest.mark.parametrize("node", ["text", "ns=2;i=99999", "nonsense"])
def test_what_is_no_number_is_told(served: tuple[str, str, str], node: str) -> None:
    url, _, text = served
    with pytest.raises(ToolFailed):
        OpcUaDriver(FromOpcUa(url=url, node=text if node == "text" else node, timeout_s=20)).read(20.0)


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ToolFailed):
        OpcUaDriver(FromOpcUa(url=f"opc.tcp://127.0.0.1:{free_port()}", node="ns=2;i=2", timeout_s=2)).read(5.0)
