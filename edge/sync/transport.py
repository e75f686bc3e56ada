"""The link to the hub: the official MCP client over streamable HTTP, in the protocol's stateless revision.

Each call is one request, which proves by itself who makes it. Sizes and times are bounded, those of unpacked answers,
too, so that a hub in the wrong hands cannot fill the device's memory.
"""

import asyncio
import json
import logging
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import ValidationError

from edge.kernel.errors import HubRefused, InvalidInput, LinkFailed
from edge.kernel.protocol.messages import DEVICE_SCHEME, Enrolled
from edge.kernel.protocol.signing import Signer, request_statement
from edge.kernel.slim_imports import import_slim

if TYPE_CHECKING:
    import ssl

    import httpx2
    from mcp import MCPError
    from mcp_types import CallToolResult


class Transport(Protocol):
    """A link to the hub."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a tool of the hub; gives its result.

        Raises:
            LinkFailed: no whole answer came. Whether the hub did it is not known; the same call may be made again.
            HubRefused: the hub said no; nothing was done.
        """
        ...


PROTOCOL_REVISION = "2026-07-28"
LARGEST_ANSWER = 8 << 20
"""Bytes."""

Authorize = Callable[[bytes], str]
"""The `Authorization` header for a request with this body."""

_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that tell of an answer as it came, not as it is read."""

_RETRIED = frozenset({"unavailable", "interrupted", "out_of_time", "storage_failed", "limit_reached", "internal"})
"""Codes of the hub for what may succeed later; any other is a no."""


def as_device(hub: Enrolled, signer: Signer) -> Authorize:
    """Requests of an enrolled device: each is signed with its key."""

    def authorize(body: bytes) -> str:
        statement = request_statement(hub.hub_id, hub.tenant, hub.device, body)
        return f"{DEVICE_SCHEME} {hub.tenant}/{hub.device} {signer.sign(statement)}"

    return authorize


def with_token(token: str) -> Authorize:
    """The one request of a device that enrols. Raises InvalidInput: a header cannot carry this token."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput("This is no enrolment token.", "Ask the hub's operator for one.")

    def authorize(body: bytes) -> str:
        return f"Bearer {token}"

    return authorize


@asynccontextmanager
async def open_transport(
    url: str,
    authorize: Authorize,
    *,
    timeout_s: float = 60.0,
    connect_s: float = 10.0,
    authorities: Path | None = None,
    proxy: str | None = None,
) -> AsyncGenerator["McpTransport"]:
    """A link to the hub whose MCP endpoint is at `url`; nothing is sent before the first call.

    Args:
        timeout_s: for a whole call.
        connect_s: of that, for reaching the hub.
        authorities: certificates (PEM) that the hub's must come from; None for those of the system.
        proxy: address of an HTTP proxy.

    Raises:
        InvalidInput: `url` is not an http or https address, or `authorities` cannot be read.
    """
    import httpx2

    advice = "Give the hub's address, such as https://hub.example.com/mcp."
    try:
        scheme = httpx2.URL(url).scheme
    except httpx2.InvalidURL as error:
        raise InvalidInput(f"{url!r} is not an address.", advice) from error
    if scheme not in {"http", "https"}:
        raise InvalidInput(f"{url!r} is not the address of a hub.", advice)
    for talkative in ("httpx2", "mcp.client.streamable_http"):  # They tell of each request, and of each that failed.
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
    tls = _trusting(authorities) if scheme == "https" else False
    door = _make_door(httpx2.AsyncHTTPTransport(verify=tls, proxy=proxy, trust_env=False))
    async with httpx2.AsyncClient(
        transport=door,
        auth=_make_signing(authorize),
        timeout=httpx2.Timeout(2 * timeout_s, connect=connect_s),  # the call's own limit ends first, and alone
        headers={"accept-encoding": "gzip"},  # it takes away the third that base64 adds to contents
        trust_env=False,
    ) as http:
        yield McpTransport(url, http, door, timeout_s)


class BoundedTransport(Protocol):
    """What went wrong with the request that was made last; None where an answer came that MCP can read."""

    failure: LinkFailed | HubRefused | None


class McpTransport:
    """A `Transport`; made by `open_transport`."""

    def __init__(self, url: str, http: "httpx2.AsyncClient", door: BoundedTransport, timeout_s: float) -> None:
        self._url = url
        self._http = http
        self._door = door
        self._timeout_s = timeout_s

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `Transport.call`."""
        from anyio import BrokenResourceError, ClosedResourceError

        self._door.failure = None
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await self._send(tool, dict(arguments))
        except TimeoutError as error:
            raise LinkFailed(f"The hub did not answer {tool} within {self._timeout_s:g} s.") from error
        except ExceptionGroup as group:
            # An answer that comes in the moment of the time-out meets streams that the MCP client has closed.
            if group.split((BrokenResourceError, ClosedResourceError))[1] is not None:
                raise
            raise LinkFailed(f"The answer to {tool} came too late.") from group
        if isinstance(result, Exception):
            raise self._door.failure or _failure_of(result) from result
        if result.is_error:
            raise _told(result)
        if result.structured_content is None:
            raise LinkFailed(f"The hub's answer to {tool} has no content.")
        return result.structured_content

    async def _send(self, tool: str, arguments: dict[str, Any]) -> "CallToolResult | MCPError | ValidationError":
        """The answer; errors are given back, as the client would wrap what is raised within its block in groups."""
        from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult

        mcp = mcp_client()
        link = mcp.streamable_http_client(self._url, http_client=self._http)
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=arguments))
        async with mcp.Client(link, mode=PROTOCOL_REVISION, cache=None) as client:
            try:
                # `client.call_tool` would list the hub's tools first, to check the answer; we check it ourselves.
                return await client.session.send_request(request, CallToolResult)
            except (mcp.MCPError, ValidationError) as error:
                return error


@cache
def mcp_client() -> Any:
    """The module `mcp.client.client` without the server that it can also talk to within a process.

    12 MiB instead of 28, and a device serves nobody over MCP.
    """
    return import_slim("mcp.client.client", ("mcp.server", "mcp.server.mcpserver", "mcp.server.runner"))


def _told(result: "CallToolResult") -> LinkFailed | HubRefused:
    """The error of a tool, as the hub tells it (`server.mcp.server.show_error`)."""
    from mcp_types import TextContent

    text = "".join(part.text for part in result.content if isinstance(part, TextContent))
    return _error_in(text) or HubRefused(text[:500] or "The hub refused.")


def _failure_of(error: "MCPError | ValidationError") -> LinkFailed | HubRefused:
    from mcp_types import INVALID_PARAMS, UNSUPPORTED_PROTOCOL_VERSION

    if isinstance(error, ValidationError):
        return LinkFailed("The hub's answer is malformed.")
    if error.code in {INVALID_PARAMS, UNSUPPORTED_PROTOCOL_VERSION}:
        return HubRefused(error.message[:500], "Bring the hub and the device to the same release.", code="protocol")
    return LinkFailed(f"The hub's answer cannot be read: {error.message[:500]}")


def _error_in(text: str) -> LinkFailed | HubRefused | None:
    """The hub's own error in a body; None where there is none."""
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    error: Any = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not isinstance(cast("dict[str, Any]", error).get("code"), str):
        return None
    told = cast("dict[str, Any]", error)
    code, message, advice = (str(told.get(name, ""))[:500] for name in ("code", "message", "advice"))
    return LinkFailed(message, advice) if code in _RETRIED else HubRefused(message, advice, code=code)


def _make_signing(authorize: Authorize) -> "httpx2.Auth":
    import httpx2

    class Signing(httpx2.Auth):
        requires_request_body = True

        def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response]:
            request.headers["Authorization"] = authorize(request.content)
            yield request

    return Signing()


def _make_door(inner: "httpx2.AsyncHTTPTransport") -> Any:
    """A transport that reads each answer to its end, up to a limit, and notes what was wrong with it.

    What is wrong is told to the MCP client as an answer of the status 502, as it would tear its streams down otherwise.
    """
    import httpx2

    class BoundedTransport(httpx2.AsyncBaseTransport):
        failure: LinkFailed | HubRefused | None = None

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            try:
                response = await inner.handle_async_request(request)
                body = await _read(response)
            except (httpx2.TransportError, httpx2.StreamError) as error:
                self.failure = LinkFailed(
                    f"The hub cannot be reached: {str(error) or type(error).__name__}.",
                    "Look at its address, its certificate and the proxy; what was recorded here waits.",
                )
                return httpx2.Response(502, request=request)
            if isinstance(body, LinkFailed):
                self.failure = body
                return httpx2.Response(502, request=request)
            if response.status_code >= 400:
                status = LinkFailed(f"The hub's address answers with the status {response.status_code}.")
                self.failure = _error_in(body.decode("utf-8", "replace")) or (status if _unread(body) else None)
            told = {name: value for name, value in response.headers.items() if name not in _OF_THE_WIRE}
            return httpx2.Response(response.status_code, headers=told, content=body, request=request)

        async def aclose(self) -> None:
            await inner.aclose()

    async def _read(response: httpx2.Response) -> bytes | LinkFailed:
        packing = response.headers.get("content-encoding", "identity")
        try:
            if packing not in {"identity", "gzip"}:
                return LinkFailed("The hub's answer is packed in a way that was not asked for.")
            return await (_whole if packing == "identity" else _unpacked)(response.aiter_raw())
        finally:
            await response.aclose()

    return BoundedTransport()


async def _whole(parts: AsyncIterable[bytes]) -> bytes | LinkFailed:
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > LARGEST_ANSWER:
            return LinkFailed(f"The hub's answer has more than {LARGEST_ANSWER} bytes.")
    return bytes(body)


async def _unpacked(parts: AsyncIterable[bytes]) -> bytes | LinkFailed:
    """What one gzip member holds; never more than the limit is in memory, whatever it would give."""

    async def inflated() -> AsyncGenerator[bytes]:
        async for part in parts:
            yield inflater.decompress(part, LARGEST_ANSWER + 1)
            if inflater.unused_data:
                raise zlib.error("more follows")

    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        body = await _whole(inflated())
    except zlib.error:
        return LinkFailed("The hub's answer is packed wrongly.")
    if isinstance(body, bytes) and not inflater.eof:
        return LinkFailed("The hub's answer broke off.")
    return body


def _unread(body: bytes) -> bool:
    """Whether MCP cannot read it either."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return True
    return not isinstance(told, dict) or "jsonrpc" not in told


def _trusting(authorities: Path | None) -> "ssl.SSLContext":
    import ssl

    try:
        return ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"{authorities} holds no certificates: {error}.", "Give a PEM file.") from error
