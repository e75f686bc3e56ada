"""A llama.cpp server in a child process: started on a free port, told what to serve, watched, killed.

This module is both sides of it. Run as a program it is the child: it reads `LlamaOptions` as one line of JSON, says
`{"url": …}` or `{"error": …}` on its standard output, and ends when its standard input closes, so it cannot outlive its
parent. It needs nothing but the standard library, so that it starts as fast as llama.cpp loads.
"""

import json
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

_BATCH_TOKENS = 256
"""Tokens of prompt read between two looks at whether the request was given up: about one second on two cores."""
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What llama.cpp is to serve, and how.

    Attributes:
        path: of the GGUF file.
        context_tokens: of each slot.
        slots: requests at a time.
        threads: that write. On two cores that are busy with other work one is three to four times faster than two,
            which wait for each other at every token, and 15 % slower when they are free.
        batch_threads: that read prompts.
        http_threads: connections at a time; each, also an idle one, holds a thread.
        alias: what the server calls the model in its answers.
        adapters: (path, scale) of LoRA adapters in GGUF files.
        embeds: it makes vectors instead of text.
        key: what callers must send as a bearer token; the port is open to everyone on this machine.
    """

    path: str
    context_tokens: int = 4096
    slots: int = 2
    threads: int = 1
    batch_threads: int = 2
    http_threads: int = 32
    alias: str = ""
    adapters: Sequence[tuple[str, float]] = ()
    embeds: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


class LlamaChild:
    """A server's process; a crash of the model is one of that process alone. It is started at once."""

    def __init__(self, options: LlamaOptions) -> None:
        self.options = options
        self.url = ""
        """Where it listens; empty until `load` returned."""
        # -P: the program's folder has modules named as packages are. A session of its own: Ctrl-C is for the parent,
        # which then ends its processes in order.
        self._process = subprocess.Popen(  # noqa: S603  # a fixed program
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> int:
        """The descriptor of its standard output, which is at its end when the process ends."""
        assert self._process.stdout is not None  # noqa: S101 # nosec B101: a pipe was asked for
        return self._process.stdout.fileno()

    def load(self, limit_s: float) -> None:
        """Have it load the model; it listens when this returns, and is ended where this raises.

        Raises:
            TimeoutError: it did not load within the limit.
            RuntimeError: it cannot load the files, or died while it loaded.
        """
        told = dict[str, str]()
        try:
            told = self._introduce(time.monotonic() + limit_s)
        finally:
            if "url" not in told:
                self.end()
        if "url" not in told:
            raise RuntimeError(told.get("error", "it died while it loaded"))
        self.url = told["url"]

    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait until the process has ended; its exit code."""
        return self._process.wait()

    def kill(self) -> None:
        """Kill the process; from any thread, also while another one has it load."""
        self._process.kill()

    def end(self) -> None:
        """Ask it to end and let go of it; it is killed where it does not end within five seconds."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it died before it read all
                    pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _introduce(self, until: float) -> dict[str, str]:
        """What the child says of itself; empty when it died. llama.cpp may print lines before. Raises TimeoutError."""
        assert self._process.stdin is not None  # noqa: S101 # nosec B101: a pipe was asked for
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(asdict(self.options)).encode() + b"\n")
            self._process.stdin.flush()
        said, readable = b"", select.poll()
        readable.register(self.output, select.POLLIN)
        while True:
            if not readable.poll(max(0.0, until - time.monotonic()) * 1000):
                raise TimeoutError
            piece = os.read(self.output, 65536)
            said += piece
            for line in said.splitlines(keepends=True):
                if line.startswith(b"{") and line.endswith(b"\n"):
                    return json.loads(line)
            if not piece:
                return {}


def _serve(options: LlamaOptions) -> Any:
    """Load a GGUF file and serve it on a free loopback port; the binding is written in Cython without type stubs.

    Raises:
        ImportError: llama.cpp is not installed.
        RuntimeError: it cannot load the file or an adapter.
    """
    binding: Any = import_module("xllamacpp")
    parameters = binding.CommonParams()
    parameters.model.path = options.path
    parameters.n_ctx = options.context_tokens * options.slots
    parameters.n_parallel = options.slots
    parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.batch_threads
    parameters.n_threads_http = options.http_threads
    parameters.cache_ram_mib = 0
    parameters.verbosity = 0
    parameters.api_keys = [options.key]
    parameters.ui = parameters.endpoint_props = parameters.endpoint_slots = False
    parameters.embedding = options.embeds
    if options.alias:
        parameters.model_alias = {options.alias}
    adapters: list[Any] = []
    for path, scale in options.adapters:
        adapters.append(binding.CommonAdapterLoraInfo())
        adapters[-1].path, adapters[-1].scale = path, scale
    if adapters:
        parameters.lora_adapters = adapters
    return binding.Server(parameters)


def _main() -> None:
    server: Any = None  # it lives as long as its object
    try:
        server = _serve(LlamaOptions(**json.loads(sys.stdin.readline())))
    except (ImportError, RuntimeError) as error:
        told = {"error": str(error).strip().partition("\n")[0] or type(error).__name__}
    else:
        told = {"url": server.listening_address}
    print(json.dumps(told), flush=True)  # noqa: T201  # what the parent reads
    if server is not None:
        sys.stdin.read()
    os._exit(0 if server is not None else 1)  # native threads may still be at work


if __name__ == "__main__":
    _main()
