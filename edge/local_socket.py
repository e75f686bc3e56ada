"""A person at the device asks the agent that runs there, through a socket that only the device's own users reach.

One JSON object on a line each way. Who asks is what the kernel says of the other end, whatever it says itself.
"""

import asyncio
import json
import pwd
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.kernel.errors import ChargehandError, ModelUnavailable

LONGEST_LINE = 64 << 10


async def serve_questions(path: Path, answer: Callable[[str, str], Mapping[str, Any]]) -> asyncio.Server:
    """Listen; the caller closes what is returned.

    Args:
        path: of the socket; only the user of this process can connect to it.
        answer: (text, by) -> what to say; runs in a thread; may raise ChargehandError.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            said = await _one(reader, writer.get_extra_info("socket"), answer)
            writer.write(json.dumps(said, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError):
            return  # the other end went away, or talks another language
        finally:
            writer.close()

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    _bind(listener, path)
    return await asyncio.start_unix_server(serve, sock=listener, limit=LONGEST_LINE)


def ask_agent(path: Path, text: str, timeout_s: float = 300.0) -> dict[str, Any] | None:
    """Ask the agent that runs on this home; None where none does. Raises ModelUnavailable: it went away meanwhile."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(timeout_s)
        try:
            link.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        try:
            link.sendall(json.dumps({"ask": text}).encode() + b"\n")
            with link.makefile("rb") as lines:
                said = lines.readline()
        except OSError as error:
            raise ModelUnavailable(f"The agent did not answer: {error}.", "Look at its log.") from error
    if not said:
        raise ModelUnavailable("The agent went away before it answered.", "Look at its log.")
    return json.loads(said)


async def _one(
    reader: asyncio.StreamReader, other: socket.socket, answer: Callable[[str, str], Mapping[str, Any]]
) -> Mapping[str, Any]:
    line = await reader.readline()
    try:
        text = json.loads(line)["ask"]
    except (ValueError, KeyError, TypeError):
        return {"error": "One JSON object with the field `ask` is expected."}
    if not isinstance(text, str):
        return {"error": "`ask` is a text."}
    try:
        return await asyncio.to_thread(answer, text, f"person:{_who(other)}")
    except ChargehandError as error:
        return {"error": error.message, "advice": error.advice}


def _bind(listener: socket.socket, path: Path) -> None:
    """Only the user of this process can connect."""
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    path.chmod(0o600)


def _who(other: socket.socket) -> str:
    """Name of the user at the other end."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
