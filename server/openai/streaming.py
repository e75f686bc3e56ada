"""An answer as server-sent events, as OpenAI's clients read them."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge.kernel.errors import Cancelled, ChargehandError
from server.openai.disconnects import unless_disconnected
from server.openai.failures import error_body
from tools.serving.gateway import AnswerStream
from tools.serving.runtime import Json

__all__ = ["EventStream", "events_of"]

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
