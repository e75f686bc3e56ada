"""llama.cpp's server, as a program of its own: one child process of `edge.runtime.llama`.

    echo '{"path": "model.gguf", "key": "…", …}' | python llama_server.py

It says `{"url": …}` or `{"error": …}` on its standard output, and ends when its standard input closes: it does not
outlive the device's daemon. It imports nothing of ours, so that it starts as fast as llama.cpp loads.
"""

import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

__all__ = ["BATCH_TOKENS", "serve"]

BATCH_TOKENS = 256
"""Tokens of prompt read between two looks at whether the request was given up."""


def serve(order: Mapping[str, Any]) -> Any:
    """Load a GGUF file and serve it on a free loopback port, one request at a time.

    Args:
        order: "path"; "adapter", a path or None; "key", the bearer token; "context_tokens"; "threads".

    Raises:
        ImportError: llama.cpp is not installed.
        RuntimeError: it cannot load a file.
    """
    binding: Any = import_module("xllamacpp")
    parameters = binding.CommonParams()
    parameters.model.path = order["path"]
    parameters.n_ctx = order["context_tokens"]
    parameters.n_parallel = 1
    parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = order["threads"]
    parameters.n_threads_http = 4
    parameters.cache_ram_mib = 0
    parameters.verbosity = 0
    parameters.api_keys = [order["key"]]
    parameters.ui = parameters.endpoint_props = parameters.endpoint_slots = False
    if order.get("adapter"):
        adapter = binding.CommonAdapterLoraInfo()
        adapter.path, adapter.scale = order["adapter"], 1.0
        parameters.lora_adapters = [adapter]
    return binding.Server(parameters)


def _introduce() -> Any:
    try:
        server = serve(json.loads(sys.stdin.readline()))
    except (ImportError, RuntimeError) as error:
        told, server = {"error": str(error).strip().partition("\n")[0] or type(error).__name__}, None
    else:
        told = {"url": server.listening_address}
    print(json.dumps(told), flush=True)  # noqa: T201  # what the parent reads
    return server


if __name__ == "__main__":
    _server = _introduce()  # the server lives as long as its object
    if _server is not None:
        sys.stdin.read()
    os._exit(0 if _server is not None else 1)  # native threads may still be at work
