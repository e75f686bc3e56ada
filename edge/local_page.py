"""A small page on the device: ask, status, alarms. On loopback for whoever is at the machine, on the LAN with a code.

Only the standard library. What is asked goes to the assistant as of a person, under the device's policy, and leaves the
same traces. A request must name a host that is this device's, and a POST must come from the page itself, so that no
site that a browser shows can ask in its name. The code is compared in constant time; wrong ones are slowed down.
The page speaks plain HTTP: on a LAN, whoever can listen there can read along.
"""

import hmac
import ipaddress
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge.files import replace_file
from edge.kernel.errors import ChargehandError, StorageFailed

LONGEST_BODY = 64 << 10
_MOST_WRONG, _WRONG_S = 5, 60.0
"""Wrong codes in so many seconds, after which none is looked at."""
_COOKIE = "chargehand_code"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'none'"
)

Answer = Callable[[str, str], Mapping[str, Any]]
"""(text, by) -> what to say; may raise ChargehandError."""
Show = Callable[[], Mapping[str, Any]]
"""JSON of the device's state; may raise ChargehandError."""


class LocalPage:
    """Serves the page from threads of its own until it is closed.

    Args:
        code: that callers from elsewhere must know; None for a page on loopback alone.
    """

    def __init__(self, host: str, port: int, answer: Answer, show: Show, code: str | None) -> None:
        self._server = _Server((host, port), _Handler)
        self._server.answer, self._server.show, self._server.code = answer, show, code
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="page")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def read_code(path: Path) -> str:
    """The code in this file, which is made where it is not there, readable by its user alone. Raises StorageFailed."""
    try:
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if len(found) >= 8:
        return found
    code = "-".join(f"{secrets.randbelow(10_000):04}" for _ in range(3))
    replace_file(path, code.encode())
    try:
        path.chmod(0o600)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be kept private: {error.strerror}.") from error
    return code


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: Answer
    show: Show
    code: str | None

    def __init__(self, *given: Any) -> None:
        self.wrong: deque[float] = deque()
        self.lock = threading.Lock()
        super().__init__(*given)


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    server_version, sys_version = "chargehand-edge", ""
    timeout = 30

    def do_GET(self) -> None:  # as http.server calls it
        if not self._known_host():
            return
        if self.path == "/":
            self._send(HTTPStatus.OK, (files("edge") / "local_page.html").read_bytes(), "text/html; charset=utf-8")
        elif self.path == "/state":
            self._guarded(self.server.show)
        else:
            self._tell(HTTPStatus.NOT_FOUND, {"error": "There is no such page."})

    def do_POST(self) -> None:
        if not self._known_host() or not self._own_origin():
            return
        body = self._body()
        if body is None:
            return
        if self.path == "/code":
            self._enter(str(body.get("code", "")))
        elif self.path == "/ask":
            text = body.get("text")
            if isinstance(text, str):
                self._guarded(lambda: self.server.answer(text, f"person:page@{self.client_address[0]}"))
            else:
                self._tell(HTTPStatus.BAD_REQUEST, {"error": "`text` is a text."})
        else:
            self._tell(HTTPStatus.NOT_FOUND, {"error": "There is no such page."})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """What is asked is in the audit events."""

    def _guarded(self, work: Callable[[], Mapping[str, Any]]) -> None:
        if not self._may():
            self._tell(HTTPStatus.UNAUTHORIZED, {"error": "The code of this device is needed."})
            return
        try:
            self._tell(HTTPStatus.OK, work())
        except ChargehandError as error:
            self._tell(HTTPStatus.OK, {"error": error.message, "advice": error.advice})

    def _may(self) -> bool:
        """Whoever is at the machine itself may, and who has the code."""
        if self.server.code is None or ipaddress.ip_address(self.client_address[0].partition("%")[0]).is_loopback:
            return True
        given = SimpleCookie(self.headers.get("Cookie", "")).get(_COOKIE)
        return given is not None and self._right(given.value)

    def _enter(self, given: str) -> None:
        if self._right(given):
            cookie = f"{_COOKIE}={given}; HttpOnly; SameSite=Strict; Path=/; Max-Age=86400"
            self._tell(HTTPStatus.OK, {"ok": True}, {"Set-Cookie": cookie})
        else:
            self._tell(HTTPStatus.UNAUTHORIZED, {"error": "That is not the code of this device."})

    def _right(self, given: str) -> bool:
        server, now = self.server, time.monotonic()
        with server.lock:
            while server.wrong and server.wrong[0] < now - _WRONG_S:
                server.wrong.popleft()
            if len(server.wrong) >= _MOST_WRONG:
                return False
            right = hmac.compare_digest(given.encode("utf-8", "replace"), (server.code or "").encode())
            if not right:
                server.wrong.append(now)
            return right and bool(server.code)

    def _known_host(self) -> bool:
        """An address, or a name of this machine: no name that somebody else makes lead here."""
        name = (urlsplit(f"//{self.headers.get('Host', '')}").hostname or "").lower()
        if name == "localhost" or _is_address(name):
            return True
        self._tell(HTTPStatus.MISDIRECTED_REQUEST, {"error": "Call this device by its address."})
        return False

    def _own_origin(self) -> bool:
        origin, host = self.headers.get("Origin"), self.headers.get("Host", "")
        own = origin in {None, f"http://{host}"} and self.headers.get("Content-Type", "").startswith("application/json")
        if not own:
            self._tell(HTTPStatus.FORBIDDEN, {"error": "Only this device's own page may ask."})
        return own

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            self._tell(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"At most {LONGEST_BODY} bytes."})
            return None
        try:
            found = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError, TimeoutError):
            found = None
        if not isinstance(found, dict):
            self._tell(HTTPStatus.BAD_REQUEST, {"error": "One JSON object is expected."})
            return None
        return found

    def _tell(self, status: HTTPStatus, told: Mapping[str, Any], more: Mapping[str, str] = {}) -> None:
        self._send(status, json.dumps(told, ensure_ascii=False).encode(), "application/json", more)

    def _send(self, status: HTTPStatus, content: bytes, kind: str, more: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        fixed = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        for name, value in {**fixed, **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
