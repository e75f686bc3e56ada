"""The HTTP client of OpenAI's and Ollama's APIs: answers and streams as JSON, failures as errors of the tree."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from edge.kernel.errors import ChargehandError, Interrupted, InvalidInput, NotFound, OutOfTime, Unavailable
from tools.serving.providers import is_loopback

if TYPE_CHECKING:
    import aiohttp

    from tools.serving.runtime import Json


_CONNECT_S = 5.0
_REST_S = 0.2
"""Longest wait for the end of a body whose last event was read: a connection that is at its end is used again."""
_IDLE_S = 4.0
"""Connections idle for longer are not used again: many servers close them after 5 s, and a request may cross that."""

_LONGEST_LINE = 16 * 1024 * 1024


class KeyRefused(Unavailable):
    """The server refuses the hub's key: a fault of the hub's configuration, so another version may serve instead."""


class ApiClient:
    """A server of JSON over HTTP. The connections are opened on first use and belong to the running event loop.

    Args:
        who: what the server is called in messages, such as "Ollama at http://…".
        base_url: paths go below it; without a slash at its end.
        key: sent as a bearer token; empty sends none.
        advice: what to do when it does not answer.
        headers: sent with every request.
        reuses: whether a connection serves several requests.
    """

    def __init__(
        self,
        who: str,
        base_url: str,
        key: str = "",
        advice: str = "Check that it runs.",
        headers: Mapping[str, str] | None = None,
        *,
        reuses: bool = True,
    ) -> None:
        self.who = who
        self.base_url = base_url
        self._headers = {**(headers or {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        self._advice = advice
        self._reuses = reuses
        self._opened: aiohttp.ClientSession | None = None

    async def get(self, path: str, timeout_s: float = 5.0) -> Json:
        """One question; the answer is a JSON object. Raises as `post`."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_S)
        with self._translated(self.who):
            async with self._session.get(self.base_url + path, timeout=limit) as response:
                return _read(self.who, response, await response.read())

    async def post(self, path: str, body: Json, who: str = "") -> Json:
        """One request and its whole answer, for as long as it takes.

        Args:
            who: what is asked, in messages; the server itself by default.

        Raises:
            Unavailable, NotFound, InvalidInput: it does not answer, or refuses.
            Interrupted: the connection broke after the request was sent.
        """
        who = who or self.who
        with self._translated(who):
            async with self._session.post(self.base_url + path, json=body) as response:
                return _read(who, response, await response.read())

    async def stream(self, path: str, body: Json, who: str = "") -> AsyncGenerator[Json]:
        """The JSON of each server-sent event, to `[DONE]`.

        Raises:
            Unavailable, NotFound, InvalidInput: it does not answer, or refuses.
            Interrupted: the connection broke, the server reported a failure, or no mark of the end came.
        """
        who, whole = who or self.who, False
        with self._translated(who):
            async with self._session.post(self.base_url + path, json=body) as response:
                await _require_success(who, response)
                async for line in _lines(response):
                    if not line.startswith(b"data:"):
                        continue
                    data = line[5:].strip()
                    if data == b"[DONE]":
                        whole = True
                        await _to_the_end(response)
                        break
                    chunk = _chunk(who, data)
                    whole = whole or _finishes(chunk)
                    yield chunk
        if not whole:
            raise Interrupted(f"{who} stopped before the end of its answer.", "Ask again.")

    async def lines(self, path: str, body: Json, who: str = "") -> AsyncGenerator[Json]:
        """The JSON of each line of an answer in JSON lines. Raises as `stream`, but for the mark of the end."""
        who = who or self.who
        with self._translated(who):
            async with self._session.post(self.base_url + path, json=body) as response:
                await _require_success(who, response)
                async for line in _lines(response):
                    if line.strip():
                        yield _chunk(who, line)

    async def send(self, method: str, path: str, content: AsyncIterable[bytes] | None = None) -> int:
        """Any other request; returns its status, 404 included. Raises as `post`."""
        with self._translated(self.who):
            async with self._session.request(method, self.base_url + path, data=content) as response:
                body = await response.read()
        if response.status >= 400 and response.status != 404:
            raise _refusal(self.who, response.status, _json_of(body), response.headers)
        return response.status

    async def close(self) -> None:
        session, self._opened = self._opened, None
        if session is not None:
            await session.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            import aiohttp

            connector = aiohttp.TCPConnector(
                limit=0, force_close=not self._reuses, keepalive_timeout=_IDLE_S if self._reuses else None
            )
            self._opened = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=not is_loopback(self.base_url),
            )
        return self._opened

    @contextmanager
    def _translated(self, who: str) -> Generator[None]:
        """The client's failures as the tree words them; a connection lost after the request was sent is Interrupted."""
        import aiohttp

        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise Unavailable(f"{who} does not answer.", self._advice) from error
        except TimeoutError as error:
            raise Unavailable(f"{who} does not answer in time.", self._advice) from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError) as error:
            raise Interrupted(f"{who} stopped half-way: the connection was lost.", "Ask again.") from error
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            # uvloop's and aiohttp's word for a connection that went while the request was written
            raise Interrupted(f"{who} stopped half-way: the connection was lost.", "Ask again.") from error
        except aiohttp.ClientError as error:
            raise _no_answer(who) from error


def _read(who: str, response: aiohttp.ClientResponse, body: bytes) -> Json:
    answer = _json_of(body)
    if response.status >= 400:
        raise _refusal(who, response.status, answer, response.headers)
    if not answer:
        raise Interrupted(f"{who} sent something that is no answer.", "Check what runs at that address.")
    return answer


def _chunk(who: str, data: bytes) -> Json:
    try:
        chunk: object = json.loads(data)
    except ValueError as error:
        raise _no_answer(who) from error
    if not isinstance(chunk, dict):
        raise _no_answer(who)
    read = cast("dict[str, Any]", chunk)
    if read.get("error"):
        raise Interrupted(f"{who} reported a failure: {_reason(read)}.", "Ask again.")
    return read


async def _require_success(who: str, response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:
        raise _refusal(who, response.status, _json_of(await response.read()), response.headers)


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


def _no_answer(who: str) -> Interrupted:
    return Interrupted(f"{who} sent something that is no answer.", "Ask again.")


def _refusal(who: str, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> ChargehandError:
    """What a status of 400 or more means for the hub's caller; what the server says of a request is passed on."""
    reason = _reason(body)
    match status:
        case 401 | 403:
            found = KeyRefused(
                f"{who} is refused to the hub's key (status {status}).", "Check the key in the settings."
            )
        case 404:
            found = NotFound(f"{who} does not exist there: {reason}.", "Fetch or create it first.")
        case 408:
            found = OutOfTime(f"{who} did not answer in time (status 408).", "Try again.")
        case 429:
            wait = headers.get("retry-after", "")
            advice = f"Try again in {wait} s." if wait.isdigit() else "Try again later."
            found = Unavailable(f"{who} has no room for this request now: its rate limit is reached.", advice)
        case 501:
            found = InvalidInput(f"{who} does not do this: {reason}.", "Choose a model that does.")
        case _ if status >= 500:
            found = Unavailable(f"{who} failed (status {status}): {reason}.", "Try again.")
        case _:
            found = _unacceptable(who, reason, body)
    return found


def _unacceptable(who: str, reason: str, body: Mapping[str, Any]) -> InvalidInput:
    error: object = body.get("error")
    facts = cast("Mapping[str, object]", error) if isinstance(error, dict) else {}
    if facts.get("type") == "exceed_context_size_error":
        has, reads = facts.get("n_prompt_tokens"), facts.get("n_ctx")
        return InvalidInput(
            f"The prompt has {has} tokens; {who[0].lower()}{who[1:]} reads {reads}.",
            "Shorten the prompt, or choose a model with a longer context.",
        )
    return InvalidInput(f"{who} did not accept the request: {reason}.", "Correct the request.")


def _reason(body: Mapping[str, Any]) -> str:
    """The server's own words, one short line."""
    error: object = body.get("error", body.get("detail", ""))
    if isinstance(error, dict):
        error = cast("Mapping[str, object]", error).get("message", "")
    return str(error).strip().partition("\n")[0].rstrip(".")[:300] or "it gave no reason"
