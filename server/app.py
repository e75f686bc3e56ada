"""The hub's FastAPI application: chat page at `/`, API at `/v1`."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from graphs.dependencies import Dependencies
from memory.errors import ChargehandError
from server.chat.routes import chat_routes
from server.documents import document_routes
from server.hub import open_hub
from server.outcomes import outcome_of
from server.security import LoopbackOnly

__all__ = ["create_app"]

_log = logging.getLogger(__name__)


def create_app(dependencies: Dependencies) -> FastAPI:
    """Make the application; the hub opens when the server starts and closes, with all its turns kept, when it stops."""
    page = files("server") / "web"

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_hub(dependencies) as hub:
            app.include_router(chat_routes(hub))
            app.include_router(document_routes(hub))
            yield

    app = FastAPI(title="Chargehand", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(LoopbackOnly)
    app.add_exception_handler(ChargehandError, _tell)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(Exception, _tell_internal)
    app.mount("/assets", StaticFiles(directory=str(page)), name="assets")

    @app.get("/", include_in_schema=False)
    async def chat_page() -> FileResponse:  # pyright: ignore[reportUnusedFunction]
        return FileResponse(str(page / "index.html"))

    return app


async def _tell(request: Request, error: Exception) -> JSONResponse:
    outcome = outcome_of(error)
    assert isinstance(error, ChargehandError)  # noqa: S101 # nosec B101: registered for this class
    return _body(outcome.status, outcome.code, error.message, error.advice)


async def _tell_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 # nosec B101: registered for this class
    wrong = "; ".join(f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}" for entry in error.errors())
    return _body(422, "invalid_input", f"The request does not fit: {wrong}.", "See /openapi.json.")


async def _tell_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 # nosec B101: registered for this class
    code = "not_found" if error.status_code == 404 else "invalid_input"
    message = f"{request.method} {request.url.path}: {error.detail.lower()}."
    return _body(error.status_code, code, message, "See /openapi.json.")


async def _tell_internal(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _body(500, "internal", "An internal error; the hub's log has the details.", "Try again.")


def _body(status: int, code: str, message: str, advice: str) -> JSONResponse:
    content: dict[str, Any] = {"error": {"code": code, "message": message, "advice": advice}}
    return JSONResponse(content, status_code=status)
