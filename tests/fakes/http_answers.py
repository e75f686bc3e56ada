"""An HTTP server that answers with the very bytes that a test gives it."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answers", "answering", "http", "tool_result"]


def http(body: bytes, status: str = "200 OK", content_type: str = "application/json", **headers: str) -> bytes:
    """A whole answer."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def tool_result(structured: Any, *, is_error: bool = False, text: str = "") -> bytes:
    """The answer of a tool; the request's id goes where `@ID@` is."""
    result: dict[str, Any] = {
        "content": [{"type": "text", "text": text}],
        "isError": is_error,
        "resultType": "complete",
    }
    if structured is not None:
        result["structuredContent"] = structured
    return json.dumps({"jsonrpc": "2.0", "id": "@ID@", "result": result}).encode()


@dataclass
class Answers:
    """What comes, and what is answered: None for silence."""

    port: int = 0
    answer: bytes | None = b""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def header(self, name: str) -> str | None:
        """Of the last request."""
        lines = dict(line.split(": ", 1) for line in self.heads[-1].split("\r\n")[1:] if ": " in line)
        return {key.lower(): value for key, value in lines.items()}.get(name)

    def reply(self, body: bytes, *, packed: bool = False) -> None:
        """Answer with this body, its id put right; the length is that of the body with it, and packed if asked for."""
        self._body = body
        self._packed = packed
        self.answer = b"reply"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                self.bodies.append(await reader.readexactly(int(self.header("content-length") or 0)))
                if self.answer is None:
                    await asyncio.sleep(30)
                answer = self.answer or b""
                if answer == b"reply":
                    number = json.dumps(json.loads(self.bodies[-1])["id"]).encode()
                    body = self._body.replace(b'"@ID@"', number)
                    answer = http(gzip.compress(body), content_encoding="gzip") if self._packed else http(body)
                writer.write(answer)
                await writer.drain()
                if self.answer != b"reply":
                    break
        writer.close()


@asynccontextmanager
async def answering() -> AsyncGenerator[Answers]:
    answers = Answers()
    server = await asyncio.start_server(answers.serve, "127.0.0.1", 0)
    answers.port = server.sockets[0].getsockname()[1]
    try:
        yield answers
    finally:
        server.close()
