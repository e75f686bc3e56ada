"""The HTTP client of a model server on the device: JSON answers, and streams of JSON within a limit of time.

It is the standard library's: an HTTP library of its own would be 30 MiB of memory beside the model.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from edge.kernel.errors import ChargehandError, ModelUnavailable

if TYPE_CHECKING:
    from socket import socket


class ServerLost(ModelUnavailable):
    """There is nobody at its address, or who answers there broke off."""


class ModelServer:
    """A server of JSON over HTTP; each request has a connection of its own.

    Args:
        who: what it is called in messages.
        refusal: what a status other than 200, and the server's reason, means.
        key: sent as a bearer token; empty sends none.
    """

    def __init__(
        self, who: str, url: str, advice: str, refusal: Callable[[int, str], ChargehandError], key: str = ""
    ) -> None:
        self._who = who
        self._url = urlsplit(url.rstrip("/"))
        self._advice = advice
        self._refusal = refusal
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float) -> dict[str, Any]:
        """The JSON object that it answers.

        Raises:
            ServerLost; ModelUnavailable: it takes longer; and as `refusal`.
        """
        status, content = self.send(method, path, body, timeout_s=timeout_s)
        if status != 200:
            raise self._refusal(status, _reason(content))
        try:
            answer: object = json.loads(content or b"{}")
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServerLost(f"What answers at {self._url.geturl()} does not answer as {self._who} does.")
        return cast("dict[str, Any]", answer)

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | IO[bytes] | None = None, *, timeout_s: float
    ) -> tuple[int, bytes]:
        """The status and the body of its answer, whatever they are. Raises ServerLost, ModelUnavailable."""
        connection = self._connection(timeout_s)
        try:
            with self._begin(connection, method, path, body) as response:
                return response.status, response.read()
        except TimeoutError as error:
            raise ModelUnavailable(f"{self._who} did not answer within {timeout_s:g} s.", self._advice) from error
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error
        finally:
            connection.close()

    def stream(self, path: str, body: Mapping[str, Any], timeout_s: float) -> Generator[dict[str, Any]]:
        """The JSON objects of the lines that it answers, or of its server-sent events. Closing it stops the model.

        Raises:
            ServerLost; TimeoutError: the time is over; and as `refusal`, also for an error in the stream.
        """
        ends_at = time.monotonic() + timeout_s
        connection = self._connection(timeout_s)
        try:
            connection.connect()
            channel = connection.sock
            with self._begin(connection, "POST", path, body) as response:
                if response.status != 200:
                    raise self._refusal(response.status, _reason(response.read()))
                for line in _lines(response, channel, ends_at):
                    if line.startswith(b"{"):
                        yield self._event(line)
        except TimeoutError:
            raise
        except (OSError, HTTPException, ValueError) as error:
            raise self._lost(error) from error
        finally:
            connection.close()

    def _event(self, line: bytes) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(line)
        if error := event.get("error"):
            code: object = error.get("code") if isinstance(error, dict) else None
            raise self._refusal(code if isinstance(code, int) else 500, _reason(line))
        return event

    def _connection(self, timeout_s: float) -> HTTPConnection:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=timeout_s)

    def _begin(
        self, connection: HTTPConnection, method: str, path: str, body: Mapping[str, Any] | IO[bytes] | None
    ) -> HTTPResponse:
        if isinstance(body, Mapping):
            connection.request(
                method, self._url.path + path, json.dumps(body), {**self._headers, "Content-Type": "application/json"}
            )
        else:
            connection.request(method, self._url.path + path, body, self._headers)
        return connection.getresponse()

    def _lost(self, error: Exception) -> ServerLost:
        why = str(error).partition("\n")[0] or type(error).__name__
        return ServerLost(f"{self._who} does not answer at {self._url.geturl()}: {why}", self._advice)


def _lines(response: HTTPResponse, channel: socket, ends_at: float) -> Generator[bytes]:
    """The lines of the body, as soon as each is whole, without "data:" before them. Raises TimeoutError."""
    rest = b""
    while True:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        channel.settimeout(left_s)
        part = response.read1(65536)
        *lines, rest = (rest + part).split(b"\n") if part else (rest, b"")
        for line in lines:
            yield line.removeprefix(b"data:").strip()
        if not part:
            return


def _reason(content: bytes) -> str:
    """The server's own words, one short line."""
    try:
        error: Any = json.loads(content)["error"]
        why = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        why = content.decode(errors="replace")
    return why.strip().partition("\n")[0][:300] or "it gave no reason"
