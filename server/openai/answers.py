"""What OpenAI's clients get: server-sent events, failures in their shape; a client that leaves ends its work."""

import asyncio
import json
import logging
import math
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.kernel.errors import CallerError, Cancelled, ChargehandError, InvalidInput, LimitReached, NotAllowed, NotFound
from server.outcomes import outcome_of
from tools.serving.gateway import AnswerStream
from tools.serving.runtime import Json

_log = logging.getLogger(__name__)


class EventStream(Response):
    """Sends the stream; a client that leaves stops it, and a stream that breaks ends with an error event.

    Starlette's own streaming response leaves the generator open when a client goes away while an event is being sent.
    """

    media_type = "text/event-stream"

    def __init__(self, stream: AnswerStream, *, with_usage: bool) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"cache-control": "no-store", "x-chargehand-version": stream.version})
        self._stream = stream
        self._with_usage = with_usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._stream.chunks):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with suppress(Cancelled):
                await unless_disconnected(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async with aclosing(events_of(self._stream.chunks, with_usage=self._with_usage)) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def events_of(chunks: AsyncGenerator[Json], *, with_usage: bool) -> AsyncGenerator[bytes]:
    """The events of a stream: its chunks, then `[DONE]`, or in place of that what broke it.

    Args:
        with_usage: pass the usage on; runtimes always send it.
    """
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                shown = chunk if with_usage else _without_usage(chunk)
                if shown:
                    yield _event(shown)
    except ChargehandError as error:
        yield _event(error_body(error))
    except Exception as error:  # noqa: BLE001  # the process boundary
        _log.exception("a stream broke")
        yield _event(error_body(error))
    else:
        yield b"data: [DONE]\n\n"


def _without_usage(chunk: Json) -> Json:
    """The chunk without its usage; empty where it held nothing else."""
    if "usage" not in chunk:
        return chunk
    return {name: value for name, value in chunk.items() if name != "usage"} if chunk.get("choices") else {}


def _event(content: Json) -> bytes:
    return b"data: " + json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


Result = TypeVar("Result")


async def unless_disconnected(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work while the client waits for it.

    Args:
        receive: of a request whose body has been read.

    Raises:
        Cancelled: the client left; the work was cancelled and has ended.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_departure(receive))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            raise Cancelled("The client left.")
        return task.result()
    finally:
        for one in (task, watch):
            one.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


_UNIONS = {"str", "list[str]"}
"""How pydantic names the members of a union in the place of a mistake; no part of the body is called so."""
_CODES = {"not_found": "model_not_found", "limit_reached": "rate_limit_exceeded"}


def error_body(error: BaseException, param: str | None = None) -> dict[str, Any]:
    """`{"error": …}` as clients of OpenAI read it, also inside a stream."""
    code = outcome_of(error).code
    known = isinstance(error, ChargehandError)
    message = str(error) if known else "An internal error; the hub's log has the details."
    return {"error": {"message": message, "type": _type(error), "param": param, "code": _CODES.get(code, code)}}


def error_response(error: BaseException, param: str | None = None) -> JSONResponse:
    """The answer to a request that failed before anything was sent."""
    status = 400 if isinstance(error, InvalidInput) else outcome_of(error).status
    headers = {"retry-after": str(max(1, math.ceil(error.retry_after_s)))} if isinstance(error, LimitReached) else None
    return JSONResponse(error_body(error, param), status_code=status, headers=headers)


def invalid_request(error: RequestValidationError) -> JSONResponse:
    """The answer to a body that does not fit; names the first field that is wrong, and says what is wrong with it."""
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"][1:] if part not in _UNIONS) or None
    advice = "Leave it out, or correct it."
    if first["type"] == "extra_forbidden":
        message = f"Unknown option {param}."
    elif first["type"] == "json_invalid":
        message, param = "The body is no JSON.", None
    elif first["type"] == "missing":
        message, advice = f"{param or 'The body'} is missing.", "Send it."
    else:
        message = f"{param or 'The body'}: {first['msg']}."
    return error_response(InvalidInput(message, advice), param)


def invalid_body(error: HTTPException) -> JSONResponse:
    """The answer to a body that is too large, or not even text."""
    advice = "Send less at once." if error.status_code == 413 else "Send JSON."
    body = error_body(InvalidInput(f"The body cannot be taken: {error.detail.lower()}.", advice))
    return JSONResponse(body, status_code=error.status_code)


def _type(error: BaseException) -> str:
    if isinstance(error, LimitReached):
        return "rate_limit_error"
    if isinstance(error, NotAllowed):
        return "permission_error"
    if isinstance(error, NotFound | CallerError):
        return "invalid_request_error"
    return "server_error"
