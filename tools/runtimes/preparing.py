"""A request as one version gets it: the version's configuration fills in what the caller left open."""

from typing import Any

from tools.runtimes.port import Endpoint, Json, ServedVersion

__all__ = ["prepare"]


def prepare(version: ServedVersion, endpoint: Endpoint, body: Json, *, stream: bool = False) -> dict[str, Any]:
    """The body to send: the runtime's name of the model, the version's defaults and system prompt.

    The caller's own options and system message win. A stream is always asked for its usage, which is how tokens are
    counted; whoever passes it on drops the usage where the caller did not ask.
    """
    prepared = {**version.defaults, **{name: value for name, value in body.items() if value is not None}}
    prepared["model"] = version.model
    prepared.pop("stream", None)
    prepared.pop("stream_options", None)
    if endpoint == "embeddings":
        return prepared
    if "max_completion_tokens" in prepared:
        # The newer name wins over the older one, which more servers know.
        prepared["max_tokens"] = prepared.pop("max_completion_tokens")
    if stream:
        prepared |= {"stream": True, "stream_options": {"include_usage": True}}
    if endpoint == "chat/completions" and version.system and not _brings_system(prepared):
        prepared["messages"] = [{"role": "system", "content": version.system}, *prepared["messages"]]
    return prepared


def _brings_system(body: Json) -> bool:
    return any(message.get("role") in {"system", "developer"} for message in body["messages"])
