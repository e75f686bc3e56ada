"""The model that runs now, whichever that is: what the assistant holds on to while versions come and go."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge.kernel.errors import ModelUnavailable
from edge.life.life import ModelLife
from edge.runtime.port import ChatModel, Message, Reply

__all__ = ["CurrentModel"]


class CurrentModel:
    """Implements `edge.runtime.port.ChatModel`: the running version, and the last good one where that does not answer.

    Its name is the version's, as the hub and people know it, not the runtime's.

    Every method raises ModelUnavailable where the device has no model yet.
    """

    def __init__(self, life: ModelLife) -> None:
        self._life = life

    @property
    def name(self) -> str:
        return self._first()[0]

    @property
    def context_tokens(self) -> int:
        return self._first()[1].context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self._first()[1].count_tokens(messages)

    def chat(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 256,
        temperature: float = 0.0,
        timeout_s: float = 60.0,
        stop_when: Callable[[str], bool] | None = None,
    ) -> Reply:
        failure: ModelUnavailable | None = None
        for version, model in self._life.known_models():
            try:
                return model.chat(
                    messages,
                    schema=schema,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    timeout_s=timeout_s,
                    stop_when=stop_when,
                )
            except ModelUnavailable as error:
                failure = failure or _as_known(error, model.name, version)
        raise failure or _none_yet()

    def _first(self) -> tuple[str, ChatModel]:
        models = self._life.known_models()
        if not models:
            raise _none_yet()
        return models[0]


def _as_known(error: ModelUnavailable, name: str, version: str) -> ModelUnavailable:
    """The error with the version's name where it says the runtime's."""
    known = ModelUnavailable(error.message.replace(name, version), error.advice)
    known.__cause__ = error
    return known


def _none_yet() -> ModelUnavailable:
    return ModelUnavailable("The device has no model yet.", "It comes with the next sync.")
