"""LangChain chat models, one function for each kind of provider; each imports its integration when called.

No client here repeats a request by itself: a failure is told at once, and whoever asked decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agents.models.reference import ModelReference
from memory.settings import Settings
from tools.runtimes.addresses import github_base_url, is_loopback

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["bundled_chat", "ollama_chat", "service_chat"]

_CONNECT_S = 5.0
_GITHUB_API_VERSION = "2022-11-28"
_KEYLESS = "no-key"


def ollama_chat(url: str, name: str, context_tokens: int, limit_s: float) -> BaseChatModel:
    """A model of an Ollama server, greedy; `num_ctx` is always sent, since Ollama cuts longer prompts silently.

    Args:
        url: of the server, with scheme and port.
        name: as the server lists it.
        context_tokens: prompt and answer together.
        limit_s: longest silence, seconds.
    """
    import httpx
    from langchain_ollama import ChatOllama

    # A proxy from the environment is not asked for this machine's own address.
    client = {"timeout": httpx.Timeout(limit_s, connect=_CONNECT_S), "trust_env": not is_loopback(url)}
    return ChatOllama(model=name, base_url=url, num_ctx=context_tokens, temperature=0.0, client_kwargs=client)


def bundled_chat() -> BaseChatModel:
    """The bundled model, in this process; loaded on its first request."""
    from agents.models.local import LocalChat

    return LocalChat()


def service_chat(settings: Settings, reference: ModelReference, key: str) -> BaseChatModel:
    """A model behind an API: OpenAI's own or alike, GitHub Models, or any integration that LangChain knows.

    Args:
        settings: addresses, and the longest silence (`turn_limit_s`).
        reference: which model.
        key: empty only for a server on this machine that wants none.
    """
    if reference.provider == "github":
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _GITHUB_API_VERSION}
        # GitHub passes requests on: OpenAI's own models want the newer name of the limit, all others the older one.
        newer = reference.name.startswith("openai/")
        return _openai(settings, reference.name, github_base_url(settings), key, headers, newer)
    if reference.provider == "openai":
        newer = urlsplit(settings.openai_base_url).hostname == "api.openai.com"
        return _openai(settings, reference.name, settings.openai_base_url, key or _KEYLESS, {}, newer)
    from langchain.chat_models import init_chat_model

    return init_chat_model(reference.name, model_provider=reference.provider, api_key=key, max_retries=0)


def _openai(
    settings: Settings, name: str, base_url: str, key: str, headers: dict[str, str], newer: bool
) -> BaseChatModel:
    import httpx
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    from agents.models.compatible import CompatibleChat

    trust = not is_loopback(base_url)
    limit = httpx.Timeout(settings.turn_limit_s, connect=_CONNECT_S)
    kind = ChatOpenAI if newer else CompatibleChat
    return kind(
        model=name,
        base_url=base_url,
        api_key=SecretStr(key),
        default_headers=headers,
        max_retries=0,
        timeout=limit,
        # Its own limit between chunks uses asyncio.wait_for, which on Python 3.11 can swallow a cancellation.
        stream_chunk_timeout=None,
        stream_usage=True,
        use_responses_api=False,
        http_client=httpx.Client(timeout=limit, trust_env=trust),
        http_async_client=httpx.AsyncClient(timeout=limit, trust_env=trust),
    )
