"""OpenAI's HTTP API as a client: one base URL, answers and streams, failures in the tree's terms."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from memory.errors import Interrupted, Unavailable
from tools.runtimes.addresses import is_loopback
from tools.runtimes.refusals import refusal

if TYPE_CHECKING:
    import httpx

    from tools.runtimes.port import Json

__all__ = ["Wire"]

_CONNECT_S = 5.0
_IDLE_S = 4.0
"""Connections idle for longer are not used again: llama.cpp closes them after 5 s, and a request may cross that."""

_LONGEST_LINE = 16 * 1024 * 1024


class Wire:
    """A server that speaks OpenAI's HTTP API. The client is made on first use and belongs to the running event loop.

    Args:
        who: what the server is called in messages, such as "Ollama at http://…".
        base_url: paths go below it; without a slash at its end.
        key: sent as a bearer token; empty sends none.
        advice: what to do when it does not answer.
    """

    def __init__(self, who: str, base_url: str, key: str = "", advice: str = "Check that it runs.") -> None:
        self.who = who
        self.base_url = base_url
        self._key = key
        self._advice = advice
        self._opened: httpx.AsyncClient | None = None

    async def get(self, path: str, timeout_s: float = 5.0) -> Json:
        """One question; the answer is a JSON object. Raises as `post`."""
        with self._translated():
            response = await self._client.get(self.base_url + path, timeout=timeout_s)
        return self._read(response)

    async def post(self, path: str, body: Json) -> Json:
        """One request and its whole answer, for as long as it takes.

        Raises:
            Unavailable, NotFound, InvalidInput: it does not answer, or refuses.
            Interrupted: the connection broke after the request was sent.
        """
        with self._translated():
            response = await self._client.post(self.base_url + path, json=body)
        return self._read(response)

    async def stream(self, path: str, body: Json) -> AsyncGenerator[Json]:
        """The JSON of each server-sent event, to `[DONE]`.

        Raises:
            Unavailable, NotFound, InvalidInput: it does not answer, or refuses.
            Interrupted: the connection broke, the server reported a failure, or no mark of the end came.
        """
        whole = False
        with self._translated():
            async with self._client.stream("POST", self.base_url + path, json=body) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise refusal(self.who, response.status_code, _json_of(response), response.headers)
                async for line in _lines(response):
                    if not line.startswith(b"data:"):
                        continue
                    data = line[5:].strip()
                    if data == b"[DONE]":
                        whole = True
                        break
                    chunk = self._chunk(data)
                    whole = whole or _finishes(chunk)
                    yield chunk
        if not whole:
            raise Interrupted(f"{self.who} stopped before the end of its answer.", "Ask again.")

    async def lines(self, path: str, body: Json, method: str = "POST") -> AsyncGenerator[Json]:
        """The JSON of each line of an answer in JSON lines. Raises as `stream`, but for the mark of the end."""
        with self._translated():
            async with self._client.stream(method, self.base_url + path, json=body) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise refusal(self.who, response.status_code, _json_of(response), response.headers)
                async for line in _lines(response):
                    if line.strip():
                        yield self._chunk(line)

    async def send(self, method: str, path: str, **request: Any) -> int:
        """Any other request; returns its status, 404 included. Raises as `post`."""
        with self._translated():
            response = await self._client.request(method, self.base_url + path, **request)
        if response.status_code >= 400 and response.status_code != 404:
            raise refusal(self.who, response.status_code, _json_of(response), response.headers)
        return response.status_code

    async def close(self) -> None:
        client, self._opened = self._opened, None
        if client is not None:
            await client.aclose()

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            import httpx

            self._opened = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=httpx.Timeout(None, connect=_CONNECT_S),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=_IDLE_S),
                trust_env=not is_loopback(self.base_url),
            )
        return self._opened

    def _read(self, response: httpx.Response) -> Json:
        if response.status_code >= 400:
            raise refusal(self.who, response.status_code, _json_of(response), response.headers)
        answer = _json_of(response)
        if not answer:
            raise Interrupted(f"{self.who} sent something that is no answer.", "Check what runs at that address.")
        return answer

    def _chunk(self, data: bytes) -> Json:
        try:
            chunk: object = json.loads(data)
        except ValueError as error:
            raise Interrupted(f"{self.who} sent something that is no answer.", "Ask again.") from error
        if not isinstance(chunk, dict):
            raise Interrupted(f"{self.who} sent something that is no answer.", "Ask again.")
        read = cast("dict[str, Any]", chunk)
        if read.get("error"):
            raise Interrupted(f"{self.who} reported a failure: {_worded(read['error'])}.", "Ask again.")
        return read

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Httpx's failures as the tree words them; a connection lost after the request was sent is Interrupted."""
        import httpx

        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Unavailable(f"{self.who} does not answer.", self._advice) from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self.who} does not answer in time.", self._advice) from error
        except httpx.TransportError as error:
            raise Interrupted(f"{self.who} stopped half-way: the connection was lost.", "Ask again.") from error
        except httpx.DecodingError as error:
            raise Interrupted(f"{self.who} sent something that is no answer.", "Ask again.") from error


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes]:
    """The lines of a body without their ends, as soon as each is whole."""
    rest = b""
    async for part in response.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > _LONGEST_LINE:
            raise Interrupted(f"{urlsplit(str(response.url)).netloc} sent a line that never ends.", "Ask again.")
    if rest:
        yield rest


def _finishes(chunk: Mapping[str, Any]) -> bool:
    choices = chunk.get("choices")
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and cast("Mapping[str, Any]", choice).get("finish_reason")
        for choice in cast("list[object]", choices)
    )


def _json_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a body that was read; empty where it is none."""
    try:
        content: object = json.loads(response.content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _worded(error: object) -> str:
    if isinstance(error, dict):
        error = cast("Mapping[str, object]", error).get("message", "no reason given")
    return str(error).strip().partition("\n")[0].rstrip(".")[:300]
