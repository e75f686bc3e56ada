"""The child process in which llama.cpp runs one model."""

import json
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.kernel.errors import ModelUnavailable

__all__ = ["LlamaChild"]

_PROGRAM = Path(__file__).with_name("llama_server.py")
_END_S = 5.0


class LlamaChild:
    """A running server. A crash of the model is one of this process, not of the device's daemon.

    Args:
        order: as of `edge.runtime.llama_server.serve`, without the key.
        limit_s: to load the model.

    Raises:
        ModelUnavailable: it did not load.
    """

    def __init__(self, model: str, order: Mapping[str, Any], limit_s: float) -> None:
        self.key = secrets.token_urlsafe(32)
        # -P: the program's folder has modules named as packages are. A session of its own: Ctrl-C is for the daemon.
        self._process = subprocess.Popen(  # noqa: S603  # a fixed program
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        told = dict[str, str]()
        try:
            told = self._introduce({**order, "key": self.key}, time.monotonic() + limit_s)
        finally:
            if "url" not in told:
                self.end()
        if "url" not in told:
            why = told.get("error", f"it did not load within {limit_s:g} s, or died while it loaded")
            raise ModelUnavailable(f"llama.cpp cannot run {model}: {why}", "Check that its files are whole.")
        self.url = told["url"]

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once: it broke off, so it is not to be asked again."""
        self._process.kill()
        self.end()

    def end(self) -> None:
        """Ask it to end; it is killed where it does not."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it died before it read all
                    pipe.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _introduce(self, order: Mapping[str, Any], until: float) -> dict[str, str]:
        """What the child says of itself; empty when it died or took too long. llama.cpp may print lines before."""
        assert self._process.stdin is not None  # noqa: S101 # nosec B101: a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101 # nosec B101: as above
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        output, said = self._process.stdout.fileno(), b""
        while (left := until - time.monotonic()) > 0 and select.select([output], [], [], left)[0]:
            piece = os.read(output, 65536)
            said += piece
            for line in said.splitlines(keepends=True):
                if line.startswith(b"{") and line.endswith(b"\n"):
                    return json.loads(line)
            if not piece:
                break
        return {}
