"""The hub's FastAPI application: chat page at `/`, API at `/v1`, MCP at `/mcp`."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from edge.kernel.errors import ChargehandError
from server.authentication import AuthenticationMiddleware, caller_of
from server.chat.routes import chat_routes
from server.documents import document_routes
from server.health import health_routes
from server.hub import Components, Hub, open_hub
from server.limits import (
    BODY_BYTES,
    OPENAI_BODY_BYTES,
    BodyPace,
    ConcurrentRequests,
    TooLargeAsJson,
    refusal,
    too_large,
)
from server.mcp.http import open_mcp, readable
from server.mcp.metadata import metadata_routes
from server.openai.own_models import OwnModels
from server.openai.routes import openai_routes
from server.openapi import describe_api
from server.outcomes import INTERNAL, error_body, outcome_of
from server.rollouts import rollout_routes
from server.security import KnownHosts, is_loopback
from server.tools_http import tool_routes
from server.uploads import LARGEST_BYTES, upload_routes
from tools.calling.context import require_scope
from tools.registry.artifacts import Uploads
from tools.serving.metering import Caller

_MOST_WRONG = 8
"""Mistakes in a request that an error names."""
_log = logging.getLogger(__name__)


def create_app(components: Components) -> FastAPI:
    """Make the application; the hub opens when the server starts and closes, with all its turns kept, when it stops."""
    page = files("server") / "web"
    settings, dependencies = components.settings, components.dependencies
    tools, names = dependencies.tools, settings.allowed_names
    # Whoever can reach a hub that listens on this machine alone is the person at this machine.
    local = dependencies.caller if is_loopback(settings.host) else None
    uploads = Uploads(components.files, components.runtime)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_hub(components) as hub, _served_mcp(hub, names) as mcp:
            own = OwnModels(hub.conversation, hub.dependencies.store.embedder)
            app.include_router(chat_routes(hub, caller_of), max_body_size=BODY_BYTES)
            app.include_router(document_routes(hub, caller_of), max_body_size=BODY_BYTES)
            app.include_router(tool_routes(tools, caller_of), max_body_size=BODY_BYTES)
            app.include_router(upload_routes(uploads, caller_of, components.home.cache), max_body_size=LARGEST_BYTES)
            app.include_router(openai_routes(hub.models.gateway, _gateway_caller, own), max_body_size=OPENAI_BODY_BYTES)
            app.include_router(rollout_routes(hub.rollouts, caller_of), max_body_size=BODY_BYTES)
            app.router.routes.append(mcp)
            yield

    app = FastAPI(title="Chargehand", version=version("chargehand"), docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(ConcurrentRequests)
    app.add_middleware(AuthenticationMiddleware, ledger=components.ledger, local=local, identity=components.identity)
    app.add_middleware(KnownHosts, names=names)
    app.add_middleware(TooLargeAsJson)
    app.add_middleware(BodyPace)
    add_error_handlers(app)
    app.include_router(health_routes(components))
    app.include_router(metadata_routes())
    describe_api(app, keyless=local is not None)
    app.mount("/assets", StaticFiles(directory=str(page)), name="assets")

    @app.get("/", include_in_schema=False)
    async def chat_page() -> FileResponse:  # pyright: ignore[reportUnusedFunction]
        return FileResponse(str(page / "index.html"))

    return app


@asynccontextmanager
async def _served_mcp(hub: Hub, names: frozenset[str]) -> AsyncGenerator[Route]:
    """The route of MCP: the assistant as a tool before all others, and the documents."""
    from server.mcp.ask import ASK, ask_tool

    known = hub.dependencies
    tools = {ASK: ask_tool(hub.conversation), **known.tools}
    async with open_mcp(tools, caller_of, names, partial(readable, hub)) as route:
        yield route


def add_error_handlers(app: FastAPI) -> None:
    """Answer errors with the error's status and JSON."""
    app.add_exception_handler(ChargehandError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_internal)


def _gateway_caller(request: Request) -> Caller:
    caller = caller_of(request)
    require_scope(caller, "models:use", "use models")
    return Caller(caller.tenant, caller.principal)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ChargehandError)  # noqa: S101 # nosec B101: registered for this class
    return JSONResponse({"error": error_body(error)}, status_code=outcome_of(error).status)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 # nosec B101: registered for this class
    wrong = "; ".join(
        f"{'.'.join(str(part)[:80] for part in entry['loc'])}: {entry['msg']}" for entry in error.errors()[:_MOST_WRONG]
    )
    content = refusal("invalid_input", f"The request does not fit: {wrong}.", "See /openapi.json.")
    return JSONResponse(content, status_code=422)


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 # nosec B101: registered for this class
    if error.status_code == 413:
        return JSONResponse(too_large(), status_code=413)
    code = "not_found" if error.status_code == 404 else "invalid_input"
    message = f"{request.method} {request.url.path}: {error.detail.lower()}."
    content = refusal(code, message, "See /openapi.json.")
    headers = {"allow": _allowed(request)} if error.status_code == 405 else error.headers
    return JSONResponse(content, status_code=error.status_code, headers=headers)


def _allowed(request: Request) -> str:
    """The methods of the path; the framework names those of the first route alone."""
    routes = request.app.router.routes

    def serves(method: str) -> bool:
        return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)

    return ", ".join(method for method in ("DELETE", "GET", "PATCH", "POST", "PUT") if serves(method))


async def _on_internal(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": INTERNAL}, status_code=500)
