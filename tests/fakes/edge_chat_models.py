"""Models of a device that answer from a list, in time that the test sets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge.kernel.errors import ChargehandError
from edge.runtime.port import Message, Reply

__all__ = ["ListedModel", "SetClock"]


class SetClock:
    """Seconds that pass only when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class ListedModel:
    """Answers by the first key that stands in the prompt.

    Args:
        answers: what stands in a prompt -> the answer, or the error that is raised.
        first_s, token_s: how long the first token and each later one take.
    """

    name = "listed"
    context_tokens = 2048

    def __init__(
        self, answers: Mapping[str, str | ChargehandError], clock: SetClock, first_s: float = 0.5, token_s: float = 0.1
    ) -> None:
        self._answers = answers
        self._clock = clock
        self._first_s = first_s
        self._token_s = token_s
        self.prompts: list[str] = []

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

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
        prompt = messages[-1].content
        self.prompts.append(prompt)
        began = self._clock.now
        answer = next((answer for key, answer in self._answers.items() if key in prompt), "")
        if isinstance(answer, ChargehandError):
            raise answer
        text = ""
        pieces = answer.split(" ")[:max_tokens]
        for place, piece in enumerate(pieces):
            self._clock.now += self._token_s if place else self._first_s
            text = f"{text} {piece}".strip()
            if stop_when is not None and stop_when(text):
                break
        return Reply(text, self.count_tokens(messages), len(pieces), "stop", self._clock.now - began)
