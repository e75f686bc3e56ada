"""A file of a model, sent to the hub: `PUT /v1/artifacts`."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.requests import ClientDisconnect

from edge.kernel.errors import InvalidInput
from memory.home import storage_errors
from tools.calling.context import ToolContext
from tools.registry.artifacts import Uploads

LARGEST_BYTES = 64 << 30
_WRITTEN_AT_ONCE = 1 << 20
_SILENCE_S = 60.0


def upload_routes(
    uploads: Uploads, identify: Callable[[Request], ToolContext], spool: Path, largest_bytes: int = LARGEST_BYTES
) -> APIRouter:
    """The route.

    Args:
        identify: who makes a request.
        spool: folder of this machine where a file lies, without a name, until all of it came.
    """
    router = APIRouter(prefix="/v1/artifacts", tags=["artifacts"])

    @router.put("")
    async def put(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=255)],
        digest: str | None = None,
        content_length: Annotated[int | None, Header(include_in_schema=False)] = None,
    ) -> dict[str, Any]:
        """Keep the body, a GGUF, safetensors or ONNX file, under the digest that is computed from it."""
        caller, arguments = identify(request), {"name": name, "digest": digest}
        await uploads.refuse(caller, arguments)  # before anything is read
        if (content_length or 0) > largest_bytes:
            raise _too_large(largest_bytes)
        with storage_errors(spool), TemporaryFile(dir=spool) as file:
            computed = await _received(request, file, largest_bytes)
            file.seek(0)
            kept = await uploads.keep(caller, arguments, file, computed)
        return kept.model_dump(mode="json")

    return router


async def _received(request: Request, file: IO[bytes], largest_bytes: int) -> str:
    """Write the body to the file; returns its digest.

    Raises:
        InvalidInput: it broke off, nothing came for a minute, or it is larger than a file may be.
    """
    whole, size_bytes, waiting = hashlib.sha256(), 0, bytearray()

    def write(part: bytes) -> None:
        whole.update(part)
        file.write(part)

    chunks = request.stream()
    try:
        while True:
            async with asyncio.timeout(_SILENCE_S):
                chunk = await anext(chunks, None)
            waiting += chunk or b""
            size_bytes += len(chunk or b"")
            if size_bytes > largest_bytes:
                raise _too_large(largest_bytes)
            if chunk is None or len(waiting) >= _WRITTEN_AT_ONCE:
                await asyncio.to_thread(write, bytes(waiting))
                waiting.clear()
            if chunk is None:
                return f"sha256:{whole.hexdigest()}"
    except (ClientDisconnect, TimeoutError) as error:
        raise InvalidInput(f"The file broke off after {size_bytes} bytes.", "Send it again.") from error


def _too_large(largest_bytes: int) -> InvalidInput:
    return InvalidInput(f"A file of more than {largest_bytes} bytes is not taken.", "Put it on the hub's machine.")
