"""Routes that ask for the caller's rights before they read a body, and read JSON without holding up everybody else."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from tools.calling.context import ToolContext, require_scope

_SMALL_BYTES = 32 << 10
_MOST_CONTAINERS, _MOST_VALUES = 400_000, 2_000_000
"""Parsing holds up every thread, for long only where a text is all brackets and commas: no prose or picture is."""

Permit = Callable[[Request], Coroutine[Any, Any, object]]
"""Raises where the caller may not make the request, whatever its body says."""


def guarded(permit: Permit) -> type[APIRoute]:
    """The class of routes that ask for `permit` first."""

    class Guarded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def guarded_handle(request: Request) -> Response:
                await permit(request)
                return await handle(JsonRequest(request.scope, request.receive))

            return guarded_handle

    return Guarded


def scoped(identify: Callable[[Request], ToolContext], scope: str, doing: str) -> type[APIRoute]:
    """The class of routes for callers with this scope; `doing` as of `require_scope`."""

    async def permit(request: Request) -> None:
        require_scope(identify(request), scope, doing)

    return guarded(permit)


class JsonRequest(Request):
    """A request whose JSON, where it is large, is parsed beside the event loop."""

    async def json(self) -> Any:
        """Raises JSONDecodeError: the body is no JSON, or nested deeper than anything that is meant."""
        if not hasattr(self, "_json"):
            body = await self.body()
            self._json = parse_json(body) if len(body) <= _SMALL_BYTES else await asyncio.to_thread(parse_json, body)
        return self._json


def parse_json(body: bytes) -> Any:
    """The value of a JSON text; numbers, depth and how much there is of them are bounded.

    Raises:
        JSONDecodeError: it is none, or goes beyond that.
    """
    if body.count(b"[") + body.count(b"{") > _MOST_CONTAINERS or body.count(b",") > _MOST_VALUES:
        raise json.JSONDecodeError("more lists, objects or values than are taken", "", 0)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise json.JSONDecodeError(str(error), "", 0) from error
