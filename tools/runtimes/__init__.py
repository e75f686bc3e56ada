"""What serves models, behind one port.

    port.py               the port: versions, endpoints, progress, health
    opening.py            the runtimes that the settings name
    ollama.py             Ollama
    llamacpp.py           llama.cpp, a child process for each version
    child.py              one such process, watched and started again
    llama_server.py       the program of that process; also llama.cpp's options for the hub's own model
    openai_compatible.py  any server that speaks OpenAI's HTTP API
    wire.py               that API as a client
    refusals.py           its refusals as the error tree
    preparing.py          a request as one version gets it
    addresses.py          addresses of runtimes, read and checked
    bundled.py            where the bundled model is

No client library is imported before its runtime is used.
"""

from tools.runtimes.opening import open_runtimes
from tools.runtimes.port import Adapter, Endpoint, Health, Json, Progress, Runtime, RuntimeModel, ServedVersion

__all__ = [
    "Adapter",
    "Endpoint",
    "Health",
    "Json",
    "Progress",
    "Runtime",
    "RuntimeModel",
    "ServedVersion",
    "open_runtimes",
]
