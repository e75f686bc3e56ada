"""OPC UA (IEC 62541): the value of one node, by asyncua; the extra `opcua`. Values are read, nothing is ever written.

Each reading has a session of its own, so that a server that hangs up spoils one reading alone.
"""

from typing import Any

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import FromOpcUa


class OpcUaDriver:
    """Reads one node. Any thread that runs no event loop may read."""

    def __init__(self, source: FromOpcUa) -> None:
        self._source = source

    def read(self, timeout_s: float) -> float:
        import asyncio

        source = self._source
        try:
            value = asyncio.run(asyncio.wait_for(self._value(), min(timeout_s, source.timeout_s)))
        except TimeoutError as error:
            raise ToolFailed(f"{source.url} does not answer.") from error
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ToolFailed(f"{source.node} at {source.url} holds no number.")
        return float(value) * source.scale + source.offset

    async def _value(self) -> Any:
        try:
            from asyncua.client.client import Client
            from asyncua.ua import UaError
        except ImportError as error:
            raise ToolFailed("OPC UA is not installed.", "Install the extra: chargehand-edge[opcua].") from error
        from asyncio import IncompleteReadError

        source = self._source
        client = Client(source.url, timeout=source.timeout_s)
        if source.user is not None:
            client.set_user(source.user)
            client.set_password(_secret(source))
        try:
            async with client:
                return await client.get_node(source.node).read_value()
        except (UaError, OSError, ValueError, IncompleteReadError) as error:
            why = str(error).partition("\n")[0] or type(error).__name__
            raise ToolFailed(f"{source.node} at {source.url} cannot be read: {why}.") from error


def _secret(source: FromOpcUa) -> str:
    if source.password_file is None:
        return ""
    try:
        return source.password_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ToolFailed(f"{source.password_file} cannot be read.") from error
