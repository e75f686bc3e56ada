"""What a client can find out before it has a key: the metadata of a protected resource (RFC 9728)."""

from typing import Any

from fastapi import APIRouter, Request

from tools.calling.context import SCOPES

METADATA_PATH = "/.well-known/oauth-protected-resource"


def metadata_routes() -> APIRouter:
    """The route, for the whole hub and for its `/mcp`. It names no authorisation server: the hub issues keys itself."""
    router = APIRouter(prefix=METADATA_PATH, tags=["mcp"])

    @router.get("")
    @router.get("/mcp")
    async def metadata(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """What this resource is, which scopes there are, and how a key is sent."""
        return {
            "resource": f"{request.url.scheme}://{request.url.netloc}/mcp",
            "resource_name": "Chargehand",
            "bearer_methods_supported": ["header"],
            "scopes_supported": sorted(SCOPES),
        }

    return router


def challenge(host: str, scheme: str) -> str:
    """The `WWW-Authenticate` of an answer to somebody without a valid key."""
    return f'Bearer resource_metadata="{scheme}://{host}{METADATA_PATH}/mcp"'
