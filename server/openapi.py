"""The OpenAPI description: what FastAPI finds out of the routes, with the hub's true errors, statuses and security."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "advice"],
            "properties": {
                "code": {"type": "string", "description": "stable, for programs"},
                "message": {"type": "string"},
                "advice": {"type": "string", "description": "what to do; empty where there is nothing"},
                "approval_id": {"type": "string", "description": "that is waited for, with approval_needed"},
                "nearest": {"type": "array", "items": {"type": "string"}, "description": "with not_found"},
                "reasons": {"type": "array", "items": {"type": "string"}, "description": "with gate_refused"},
                "retry_after_s": {"type": "number", "description": "with limit_reached"},
            },
        }
    },
}
_OPENAI_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": ["string", "null"]},
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
            },
        }
    },
}
_ANYWHERE = {
    "401": "There is no valid key.",
    "403": "The caller may not do this, or the request is not for this hub.",
    "404": "There is nothing of this name for the caller.",
    "429": "Too many requests of the caller are being answered, or its tenant is over a quota.",
    "500": "A mistake of the hub; its log has the details.",
    "503": "A service or model does not answer, or the hub is full.",
    "507": "The disk is full, read-only or broken.",
}
_OF_CALLS = {
    "409": "The thing is busy or in another state, or a gate refused.",
    "502": "A model stopped half-way.",
    "504": "A limit of time was reached.",
}
_OF_BODIES = {"408": "The body came too slowly.", "413": "The body is too large."}
_OPEN = ("/health", "/.well-known/")
"""Paths that need no key."""


def describe_api(app: FastAPI, *, keyless: bool) -> None:
    """Have the application describe itself so.

    Args:
        keyless: whoever reaches the hub may do without a key.
    """

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, keyless=keyless)
        return app.openapi_schema

    app.openapi = described  # pyright: ignore[reportAttributeAccessIssue]  # as FastAPI documents it


def _described(app: FastAPI, *, keyless: bool) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Error": _ERROR, "OpenAIError": _OPENAI_ERROR}
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "an API key"}}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation, keyless=keyless)
    return found


def _complete(path: str, method: str, operation: dict[str, Any], *, keyless: bool) -> None:
    gateway = "gateway" in operation.get("tags", ())
    name = "OpenAIError" if gateway else "Error"
    if path.startswith(_OPEN):
        operation["security"] = []
        told = {} if "requestBody" not in operation else _OF_BODIES
    else:
        operation["security"] = [{"key": []}, *([{}] if keyless else [])]
        told = {**_ANYWHERE, **({} if method == "get" and not gateway else _OF_CALLS)}
        if "requestBody" in operation or method in {"post", "put"}:
            told |= _OF_BODIES
        told["400" if gateway else "422"] = "The request does not fit."
        if not gateway:
            told["400"] = "The body is not even text."
    responses = operation.setdefault("responses", {})
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    if gateway:
        responses.pop("422", None)
    for status, said in told.items():
        known = responses.get(status)
        if known is None or "HTTPValidationError" in str(known):
            responses[status] = {"description": said, "content": content}
