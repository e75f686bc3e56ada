"""Who may reach a hub without keys: this machine alone, and only pages that this hub served."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from memory.errors import InvalidInput

__all__ = ["LoopbackOnly", "require_loopback"]

_POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def require_loopback(host: str) -> None:
    """Raises InvalidInput: binding `host` would let other machines in, and there are no keys yet to tell them apart."""
    if not _is_loopback(host):
        raise InvalidInput(
            f"The hub has no authentication yet, so it listens on this machine only, not on {host}.",
            "Use --host 127.0.0.1; reach it from elsewhere through an SSH tunnel.",
        )


class LoopbackOnly:
    """Refuses requests whose Host or Origin is not this machine (DNS rebinding, foreign pages); adds safe headers.

    Browsers ask anew for each part of the page, so that an upgrade never mixes old and new modules.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        if not _is_loopback(_parts(f"//{host}").hostname or ""):
            await _refuse(f"The host {host!r} is not this machine.")(scope, receive, send)
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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(message: str) -> JSONResponse:
    error = {"code": "not_allowed", "message": message, "advice": "Open the hub at http://127.0.0.1."}
    return JSONResponse({"error": error}, status_code=403)
