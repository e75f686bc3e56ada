"""Language models by name: one place where `provider:name` becomes a chat model.

    reference.py   `provider:name` read and checked
    resolve.py     which model the settings mean, how large it is, how much it reads
    ollama.py      what an Ollama server has (its HTTP API, standard library only)
    providers.py   LangChain chat models for each provider, built on first use
    compatible.py  servers that speak OpenAI's API as it was
    llama.py       llama.cpp in this process: one loaded model, streaming, cancelling, counting tokens
    local.py       the bundled SmolLM2-135M as a LangChain chat model on top of llama.py
    schemas.py     JSON schemas in the prompt
    failures.py    what providers raise, as the error tree
    streaming.py   text deltas under time limits
    probe.py       what `chargehand doctor` says about models
    serving.py     what the runtimes serve, for the roster

No provider's client is imported before its model is used.
"""

from agents.models.failures import translate_failures
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
    "translate_failures",
]
