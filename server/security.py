"""Host and Origin checks, and when the hub may listen to other machines."""

import ipaddress
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.kernel.errors import InvalidInput, NotAllowed
from memory.ledger import Ledger
from server.health import HEALTH
from tools.calling.context import LOCAL_ENGINEER

_POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def require_guarded(host: str, names: frozenset[str], ledger: Ledger, now: datetime) -> None:
    """Check that a hub may listen on `host`.

    Args:
        names: hosts that requests may be addressed to, besides this machine's own names.

    Raises:
        NotAllowed: other machines could reach it, and there is no API key yet to tell them apart.
        InvalidInput: other machines could reach it, and no name is given by which they may.
    """
    if is_loopback(host):
        return
    if not _has_keys(ledger, now):
        raise NotAllowed(
            f"The hub has no API keys yet, so it listens on this machine only, not on {host}.",
            'Make one: `chargehand tools call api_key_issue \'{"principal": "ann", "scopes": ["roster:read"]}\'`.',
        )
    if not names:
        raise InvalidInput(
            f"Nobody could reach the hub on {host}: requests must be addressed to a host that it knows.",
            "Name it in CHARGEHAND_ALLOWED_HOSTS, such as hub.example.com.",
        )


def _has_keys(ledger: Ledger, now: datetime) -> bool:
    """Whether any tenant has a key that is neither revoked nor expired."""
    with ledger.view(LOCAL_ENGINEER.tenant) as unit:
        keys = [key for tenant in unit.tenants.all() for key in unit.within(tenant.id).keys.all()]
    return any(key.revoked_at is None and (key.expires_at is None or key.expires_at > now) for key in keys)


class KnownHosts:
    """Refuses requests whose Host or Origin is not this hub (DNS rebinding, foreign pages); adds safe headers.

    Browsers ask anew for each part of the page, so that an upgrade never mixes old and new modules.

    Args:
        names: hosts of this hub, besides this machine's own names.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        name = _parts(f"//{host}").hostname or ""
        watched = scope["path"] == HEALTH or scope["path"].startswith(f"{HEALTH}/")  # by its address, not its name
        if not (watched or is_loopback(name) or name in self._names):
            await _refuse(f"The host {host!r} is not this hub.")(scope, receive, send)
            return
        if origin is not None and _parts(origin).netloc != host:
            await _refuse(f"Pages of {origin!r} may not use this hub.")(scope, receive, send)
            return

        page = scope["path"] == "/" or scope["path"].startswith("/assets/")
        added = _HEADERS | ({"cache-control": "no-cache"} if page else {})

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in added.items())]
            await send(message)

        await self._app(scope, receive, send_safely)


def _parts(address: str) -> SplitResult:
    """The parts of an address; all empty where it is malformed."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`, or is addressed so."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(message: str) -> JSONResponse:
    error = {"code": "not_allowed", "message": message, "advice": "Open the hub at http://127.0.0.1."}
    return JSONResponse({"error": error}, status_code=403)
