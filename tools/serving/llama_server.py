"""llama.cpp's server, started in this process; run as a program, it is the child process of `llama_child.py`.

    echo '{"path": "model.gguf", "key": "…", …}' | python llama_server.py

The child says `{"url": …}` or `{"error": …}` on its standard output, and ends when its standard input closes: it cannot
outlive the hub. It imports nothing of ours, so that it starts as fast as llama.cpp loads.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["BATCH_TOKENS", "LlamaOptions", "start_server"]

BATCH_TOKENS = 256
"""Tokens of prompt read between two looks at whether the request was given up: about one second on two cores."""


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What llama.cpp is to serve, and how.

    Attributes:
        path: of the GGUF file.
        key: what callers must send as a bearer token; the port is open to everyone on this machine.
        context_tokens: of each slot.
        slots: requests at a time.
        threads: that read prompts. One thread writes: on two cores that are busy with other work it is three to four
            times faster than two, which wait for each other at every token, and 15 % slower when they are free.
        http_threads: connections at a time; each, also an idle one, holds a thread.
        alias: what the server calls the model in its answers.
        adapters: (path, scale) of LoRA adapters in GGUF files.
        embeds: it makes vectors instead of text.
    """

    path: str
    key: str
    context_tokens: int = 4096
    slots: int = 2
    threads: int = 2
    http_threads: int = 32
    alias: str = ""
    adapters: Sequence[tuple[str, float]] = ()
    embeds: bool = False


def start_server(options: LlamaOptions) -> Any:
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
    parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.n_threads_http = options.http_threads
    parameters.cache_ram_mib = 0
    parameters.verbosity = 0
    parameters.api_keys = [options.key]
    parameters.ui = parameters.endpoint_props = parameters.endpoint_slots = False
    parameters.embedding = options.embeds
    if options.alias:
        parameters.model_alias = {options.alias}
    if options.adapters:
        parameters.lora_adapters = [_adapter(binding, file, scale) for file, scale in options.adapters]
    return binding.Server(parameters)


def _adapter(binding: Any, path: str, scale: float) -> Any:
    adapter = binding.CommonAdapterLoraInfo()
    adapter.path = path
    adapter.scale = scale
    return adapter


def _serve(configuration: Mapping[str, Any]) -> dict[str, str]:
    global _server  # noqa: PLW0603  # the server lives as long as its object
    try:
        _server = start_server(LlamaOptions(**configuration))
    except (ImportError, RuntimeError) as error:
        return {"error": str(error).strip().partition("\n")[0] or type(error).__name__}
    return {"url": _server.listening_address}


_server: Any = None

if __name__ == "__main__":
    told = _serve(json.loads(sys.stdin.readline()))
    print(json.dumps(told), flush=True)  # noqa: T201  # what the parent reads
    if "url" in told:
        sys.stdin.read()
    os._exit(0 if "url" in told else 1)  # native threads may still be at work
