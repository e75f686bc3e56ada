"""Addresses of runtimes, read and checked without asking anyone."""

from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from edge.kernel.errors import InvalidInput
from memory.settings import Settings

__all__ = ["github_base_url", "is_loopback", "ollama_url", "without_password"]


def github_base_url(settings: Settings) -> str:
    """Where GitHub Models is asked: `…/inference`, or `…/orgs/NAME/inference` when an organisation pays."""
    base = settings.github_base_url.rstrip("/")
    if not settings.github_organisation:
        return base
    return f"{base.removesuffix('/inference')}/orgs/{quote(settings.github_organisation, safe='')}/inference"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    return url if "@" not in url else f"{url.partition('://')[0]}://{url.rpartition('@')[2]}"


def ollama_url(address: str) -> str:
    """The base URL for any form that `OLLAMA_HOST` may have: `host`, `:port`, `host:port` or a URL.

    Raises:
        InvalidInput: the address has no readable host or port.
    """
    given = address.strip() or "127.0.0.1"
    scheme, separator, rest = given.partition("://")
    if not separator:
        scheme, rest = "http", given
    if rest.startswith(":"):
        rest = f"127.0.0.1{rest}"
    try:
        parts = urlsplit(f"{scheme.lower()}://{rest}")
        port = parts.port
    except ValueError as error:
        raise _unreadable(address) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _unreadable(address)
    # A server told to listen everywhere is reached on the loopback.
    everywhere = {"0.0.0.0", "::"}  # noqa: S104  # nosec: compared, not bound
    host = "127.0.0.1" if parts.hostname in everywhere else parts.hostname
    host = f"[{host}]" if ":" in host else host
    if port is None:
        port = 11434 if not separator else (443 if parts.scheme == "https" else 80)
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{login}{host}:{port}{parts.path.rstrip('/')}"


def _unreadable(address: str) -> InvalidInput:
    return InvalidInput(
        f"The address of Ollama, {address.rpartition('@')[2]}, is not readable.",
        "Set CHARGEHAND_OLLAMA_URL to a URL such as http://127.0.0.1:11434.",
    )
