"""Language models by name: one place where `provider:name` becomes a chat model over the gateway.

reference.py   `provider:name` read and checked
resolve.py     which model the settings mean, how large it is, how much it reads
ollama.py      what an Ollama server has (its HTTP API, standard library only)
chat.py        the LangChain chat model of every provider
streaming.py   text deltas under time limits
probe.py       what `chargehand doctor` and the roster report about models
"""

from agents.models.probe import ProviderStatus, probe_models
from agents.models.reference import ModelReference, parse_model
from agents.models.resolve import ResolvedModel, resolve_model
from agents.models.streaming import stream_text

__all__ = [
    "ModelReference",
    "ProviderStatus",
    "ResolvedModel",
    "parse_model",
    "probe_models",
    "resolve_model",
    "stream_text",
]
