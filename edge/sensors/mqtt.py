"""MQTT (3.1.1, OASIS): the last message of a topic, by paho; the extra `mqtt`. Nothing is ever published.

The client connects at the first reading and stays; it comes back by itself where the broker went away. A message that
is kept by the broker ("retained") is there at once, any other when it is sent next.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import FromMqtt
from edge.sensors.fields import within

LARGEST_MESSAGE = 1 << 16


class MqttDriver:
    """Reads one topic. Any thread may read.

    Args:
        monotonic: seconds.
    """

    def __init__(self, source: FromMqtt, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._came = threading.Event()
        self._last: tuple[float, bytes] | None = None
        self._client: Any = None
        self._why = "no message came"

    def read(self, timeout_s: float) -> float:
        with self._lock:
            if self._client is None:
                self._client = self._connected()
        self._came.wait(min(timeout_s, self._source.timeout_s))
        last, topic = self._last, self._source.topic
        if last is None:
            raise ToolFailed(f"{topic} at {self._source.host} says nothing: {self._why}.")
        limit_s = self._source.stale_after_s
        if limit_s is not None and self._monotonic() - last[0] > limit_s:
            raise ToolFailed(f"{topic} said nothing for more than {limit_s:g} s.")
        return self._number(last[1])

    def close(self) -> None:
        """Let go of the connection; a later reading makes another."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _number(self, content: bytes) -> float:
        text, field = content.decode("utf-8", "replace").strip(), self._source.field
        try:
            number: Any = float(text) if field is None else within(json.loads(text), field)
        except (ValueError, RecursionError) as error:
            raise ToolFailed(f"{self._source.topic} says no number.") from error
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ToolFailed(f"{self._source.topic} says no number at {field}.")
        return float(number) * self._source.scale + self._source.offset

    def _connected(self) -> Any:
        """A client with a thread of its own, which connects, subscribes and comes back."""
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise ToolFailed("MQTT is not installed.", "Install the extra: chargehand-edge[mqtt].") from error
        source, client = self._source, Client(CallbackAPIVersion.VERSION2)

        def on_connect(client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
            self._why = "no message came" if not code.is_failure else f"the broker refuses ({code})"
            if not code.is_failure:
                client.subscribe(source.topic)

        def on_disconnect(client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
            self._why = f"the broker went away ({code})"

        def on_message(client: Any, userdata: Any, message: Any) -> None:
            if len(message.payload) <= LARGEST_MESSAGE:
                self._last = (self._monotonic(), bytes(message.payload))
                self._came.set()

        client.on_connect, client.on_disconnect, client.on_message = on_connect, on_disconnect, on_message
        if source.tls:
            client.tls_set(ca_certs=str(source.authorities) if source.authorities else None)
        if source.user is not None:
            client.username_pw_set(source.user, _secret(source))
        client.reconnect_delay_set(1, 60)
        try:
            client.connect_async(source.host, source.port)
        except ValueError as error:
            raise ToolFailed(f"{source.host}:{source.port} is no broker: {error}.") from error
        self._why = f"the broker at {source.host}:{source.port} is not reached"
        client.loop_start()
        return client


def _secret(source: FromMqtt) -> str | None:
    if source.password_file is None:
        return None
    with suppress(OSError):
        return source.password_file.read_text(encoding="utf-8").strip()
    raise ToolFailed(f"{source.password_file} cannot be read.")
