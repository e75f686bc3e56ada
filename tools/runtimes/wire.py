"""OpenAI's HTTP API as a client: one base URL, answers and streams, failures in the tree's terms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from edge.kernel.errors import Interrupted, Unavailable
from tools.runtimes.addresses import is_loopback
from tools.runtimes.refusals import refusal

if TYPE_CHECKING:
    import aiohttp

    from tools.runtimes.port import Json

__all__ = ["Wire"]

_CONNECT_S = 5.0
_REST_S = 0.2
"""Longest wait for the end of a body whose last event was read: a connection that is at its end is used again."""
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
        self._opened: aiohttp.ClientSession | None = None

    async def get(self, path: str, timeout_s: float = 5.0) -> Json:
        """One question; the answer is a JSON object. Raises as `post`."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_S)
        with self._translated():
            async with self._session.get(self.base_url + path, timeout=limit) as response:
                return self._read(response, await response.read())

    async def post(self, path: str, body: Json) -> Json:
        """One request and its whole answer, for as long as it takes.

        Raises:
            Unavailable, NotFound, InvalidInput: it does not answer, or refuses.
            Interrupted: the connection broke after the request was sent.
        """
        with self._translated():
            async with self._session.post(self.base_url + path, json=body) as response:
                return self._read(response, await response.read())

    async def stream(self, path: str, body: Json) -> AsyncGenerator[Json]:
        """The JSON of each server-sent event, to `[DONE]`.

        Raises:
            Unavailable, NotFound, InvalidInput: it does not answer, or refuses.
            Interrupted: the connection broke, the server reported a failure, or no mark of the end came.
        """
        whole = False
        with self._translated():
            async with self._session.post(self.base_url + path, json=body) as response:
                if response.status >= 400:
                    raise self._refusal(response, await response.read())
                async for line in _lines(response):
                    if not line.startswith(b"data:"):
                        continue
                    data = line[5:].strip()
                    if data == b"[DONE]":
                        whole = True
                        await _to_the_end(response)
                        break
                    chunk = self._chunk(data)
                    whole = whole or _finishes(chunk)
                    yield chunk
        if not whole:
            raise Interrupted(f"{self.who} stopped before the end of its answer.", "Ask again.")

    async def lines(self, path: str, body: Json) -> AsyncGenerator[Json]:
        """The JSON of each line of an answer in JSON lines. Raises as `stream`, but for the mark of the end."""
        with self._translated():
            async with self._session.post(self.base_url + path, json=body) as response:
                if response.status >= 400:
                    raise self._refusal(response, await response.read())
                async for line in _lines(response):
                    if line.strip():
                        yield self._chunk(line)

    async def send(self, method: str, path: str, content: AsyncIterable[bytes] | None = None) -> int:
        """Any other request; returns its status, 404 included. Raises as `post`."""
        with self._translated():
            async with self._session.request(method, self.base_url + path, data=content) as response:
                body = await response.read()
        if response.status >= 400 and response.status != 404:
            raise self._refusal(response, body)
        return response.status

    async def close(self) -> None:
        session, self._opened = self._opened, None
        if session is not None:
            await session.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            import aiohttp

            self._opened = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=not is_loopback(self.base_url),
            )
        return self._opened

    def _read(self, response: aiohttp.ClientResponse, body: bytes) -> Json:
        if response.status >= 400:
            raise self._refusal(response, body)
        answer = _json_of(body)
        if not answer:
            raise Interrupted(f"{self.who} sent something that is no answer.", "Check what runs at that address.")
        return answer

    def _refusal(self, response: aiohttp.ClientResponse, body: bytes) -> Exception:
        return refusal(self.who, response.status, _json_of(body), response.headers)

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
        """The client's failures as the tree words them; a connection lost after the request was sent is Interrupted."""
        import aiohttp

        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise Unavailable(f"{self.who} does not answer.", self._advice) from error
        except TimeoutError as error:
            raise Unavailable(f"{self.who} does not answer in time.", self._advice) from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError) as error:
            raise Interrupted(f"{self.who} stopped half-way: the connection was lost.", "Ask again.") from error
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            # uvloop's and aiohttp's word for a connection that went while the request was written
            raise Interrupted(f"{self.who} stopped half-way: the connection was lost.", "Ask again.") from error
        except aiohttp.ClientError as error:
            raise Interrupted(f"{self.who} sent something that is no answer.", "Ask again.") from error


async def _lines(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    """The lines of a body without their ends, as soon as each is whole."""
    rest = b""
    async for part in response.content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > _LONGEST_LINE:
            raise Interrupted(f"{response.url.host} sent a line that never ends.", "Ask again.")
    if rest:
        yield rest


async def _to_the_end(response: aiohttp.ClientResponse) -> None:
    """Read what is left, which is nothing but the end of the body; a server that does not end it is not waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_REST_S):
            while not response.content.at_eof():
                await response.content.readany()


def _finishes(chunk: Mapping[str, Any]) -> bool:
    choices = chunk.get("choices")
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and cast("Mapping[str, Any]", choice).get("finish_reason")
        for choice in cast("list[object]", choices)
    )


def _json_of(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty where it is none."""
    try:
        content: object = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _worded(error: object) -> str:
    if isinstance(error, dict):
        error = cast("Mapping[str, object]", error).get("message", "no reason given")
    return str(error).strip().partition("\n")[0].rstrip(".")[:300]
