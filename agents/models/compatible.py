"""Servers that speak OpenAI's API as it was: they limit the answer by `max_tokens` and may ignore the newer name."""

from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_openai import ChatOpenAI

__all__ = ["CompatibleChat"]


class CompatibleChat(ChatOpenAI):
    """ChatOpenAI that says `max_tokens`, as GitHub Models documents it and llama.cpp, vLLM and LM Studio take it."""

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = cast("dict[str, Any]", super()._get_request_payload(input_, stop=stop, **kwargs))
        limit = payload.pop("max_completion_tokens", None)
        return payload if limit is None else {**payload, "max_tokens": limit}
