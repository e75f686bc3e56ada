"""Authentication: API keys, signed requests of devices, the local person; rejected callers are audited."""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.kernel.canonical import digest_of
from edge.kernel.errors import ChargehandError, InvalidInput, NotAllowed
from edge.kernel.protocol.messages import DEVICE_SCHEME
from memory.ledger import Ledger
from server.health import HEALTH
from server.mcp.metadata import METADATA_PATH, challenge
from server.outcomes import error_body, outcome_of
from tools.calling.context import ToolContext, ToolRuntime
from tools.fleet.credentials import TOKEN_PREFIX, Identity, claimed_by, find_device, find_enroller
from tools.serving.ledger import HELD_S
from tools.tenancy import KEY_PREFIX, find_caller

_OPENAI = ("/v1/chat/", "/v1/completions", "/v1/embeddings", "/v1/models")
_NOT_SERVED = tuple(
    f"/v1/{name}"
    for name in (
        "assistants audio batches conversations evals files fine_tuning images moderations realtime responses uploads "
        "vector_stores videos"
    ).split()
)
"""Of OpenAI's API: its clients are to be told that it is not there, not that their key is wrong."""
_MOST_HELD = 10_000
"""Headers whose callers are held in memory."""
LARGEST_DEVICE_BODY = 4 << 20
"""Bytes of a request that a device signs: it is held in memory until the signature is checked."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def resolve_caller(ledger: Ledger, authorization: str | None, now: datetime, local: ToolContext | None) -> ToolContext:
    """Who calls with this `Authorization` header.

    Args:
        local: who calls without the header; None where nobody may.

    Raises:
        NotAllowed: the header is missing, malformed, or its key is not valid.
    """
    if authorization is None:
        if local is None:
            raise NotAllowed("This hub answers only to API keys.", "Send `Authorization: Bearer KEY`.")
        return local
    scheme, _, key = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotAllowed("The Authorization header is not a bearer's.", "Send `Authorization: Bearer KEY`.")
    if key.strip().startswith(TOKEN_PREFIX):
        return find_enroller(ledger, key.strip(), now)
    return find_caller(ledger, key.strip(), now)


def caller_of(request: Request) -> ToolContext:
    """Who makes a request that `AuthenticationMiddleware` let through."""
    return request.state.caller


class AuthenticationMiddleware:
    """Finds out who makes each request, and lets nobody else in; the page itself and the hub's health are open to all.

    Models are asked many times a second, so who asks them is held in memory for a second; a revoked key is good there
    for so long. Every tool is called by who the ledger says at that moment.

    Args:
        local: as `resolve_caller`.
        identity: of the hub, to which devices sign their requests; without one there are no devices.
    """

    def __init__(
        self,
        app: ASGIApp,
        ledger: Ledger,
        local: ToolContext | None,
        clock: Callable[[], datetime] = _utc_now,
        identity: Identity | None = None,
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._local = local
        self._clock = clock
        self._identity = identity
        self._rejected = RejectedCallers(ToolRuntime(ledger, clock))
        self._held: dict[str | None, tuple[datetime, ToolContext]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope["path"]):
            claim = self._device_claim(scope)
            try:
                if claim is None:
                    caller = await self._caller(scope)
                else:
                    body = await _read(receive)
                    caller, receive = await self._device(claim, body), _replay(body, receive)
            except ChargehandError as error:
                header = Headers(scope=scope).get("authorization") or ""
                if isinstance(error, NotAllowed) and (claim is not None or TOKEN_PREFIX in header):
                    await asyncio.to_thread(self._rejected.note, header, error)
                await _refuse(error, scope)(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    def _device_claim(self, scope: Scope) -> str | None:
        """What a device says of itself in the header; None where it is no device that calls."""
        scheme, _, claim = (Headers(scope=scope).get("authorization") or "").strip().partition(" ")
        return claim if scheme.lower() == DEVICE_SCHEME.lower() else None

    async def _device(self, claim: str, body: bytes) -> ToolContext:
        if self._identity is None:
            raise NotAllowed("This hub has no devices.", "Send `Authorization: Bearer KEY`.")
        return await asyncio.to_thread(find_device, self._ledger, self._identity, claim, body)

    async def _caller(self, scope: Scope) -> ToolContext:
        header = Headers(scope=scope).get("authorization")
        if self._local is not None:
            # OpenAI's clients send some key to any address; where none is needed, only one of ours counts.
            foreign = (
                header is not None
                and not any(prefix in header for prefix in (KEY_PREFIX, TOKEN_PREFIX))
                and scope["path"].startswith((*_OPENAI, *_NOT_SERVED))
            )
            if header is None or foreign:
                return self._local
        now = self._clock()
        if not scope["path"].startswith(_OPENAI):
            return await asyncio.to_thread(resolve_caller, self._ledger, header, now, self._local)
        held = self._held.get(header)
        if held is not None and held[0] <= now < held[0] + timedelta(seconds=HELD_S):
            return held[1]
        caller = await asyncio.to_thread(resolve_caller, self._ledger, header, now, self._local)
        if len(self._held) >= _MOST_HELD:
            self._held.clear()
        self._held[header] = (now, caller)
        return caller


def _is_open(path: str) -> bool:
    return path in {"/", HEALTH, METADATA_PATH} or path.startswith(("/assets/", f"{HEALTH}/", f"{METADATA_PATH}/"))


async def _read(receive: Receive) -> bytes:
    """The whole body. Raises InvalidInput: it is larger than a device's may be, or its sender left."""
    parts, size_bytes = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidInput("The request broke off.", "Send it again.")
        parts.append(message.get("body", b""))
        size_bytes += len(parts[-1])
        if size_bytes > LARGEST_DEVICE_BODY:
            raise InvalidInput(f"The request has more than {LARGEST_DEVICE_BODY} bytes.", "Send fewer events at once.")
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then whatever comes."""
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed


def _refuse(error: ChargehandError, scope: Scope) -> JSONResponse:
    if isinstance(error, NotAllowed):
        challenged = challenge(Headers(scope=scope).get("host", ""), scope.get("scheme", "http"))
        headers = {"www-authenticate": challenged}
        return JSONResponse({"error": error_body(error)}, status_code=401, headers=headers)
    return JSONResponse({"error": error_body(error)}, status_code=outcome_of(error).status)


_log = logging.getLogger(__name__)
_QUIET = timedelta(hours=1)


class RejectedCallers:
    """Notes who was rejected. Any thread may note."""

    def __init__(self, books: ToolRuntime) -> None:
        self._books = books
        self._noted: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def note(self, authorization: str, error: ChargehandError) -> None:
        """Write it down, unless that was done within the hour.

        Args:
            authorization: the header, of which nothing is kept but whom it names.
        """
        claimed = claimed_by(self._books.ledger, authorization)
        if not self._is_news(claimed or ("", "")):
            return
        if claimed is None:
            _log.warning("A device or token that is not known here was rejected: %s", error)
            return
        tenant, principal = claimed
        nobody = ToolContext(principal, tenant, frozenset())
        self._books.note(nobody, "edge_door", "read", digest_of(None), "refused", str(error))

    def _is_news(self, claimed: tuple[str, str]) -> bool:
        now = self._books.clock()
        with self._lock:
            last = self._noted.get(claimed)
            if last is not None and last <= now < last + _QUIET:
                return False
            if len(self._noted) >= _MOST_HELD:
                self._noted.clear()
            self._noted[claimed] = now
        return True
