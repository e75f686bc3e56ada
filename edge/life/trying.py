"""The self-test: what a model must do before the device uses it."""

from dataclasses import dataclass

from edge.kernel.protocol.desired import SelfTest
from edge.runtime.port import ChatModel, Message

__all__ = ["TryOut", "still_answers", "try_out"]

_ANSWER_TOKENS = 48
_SIGN_OF_LIFE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class TryOut:
    """How a self-test went; `wrong` says what was wrong, empty where nothing was."""

    wrong: str
    elapsed_s: float
    tokens: int


def try_out(model: ChatModel, test: SelfTest) -> TryOut:
    """Ask each prompt. Raises ModelUnavailable, OutOfTime, PromptTooLong."""
    elapsed_s, tokens = 0.0, 0
    for prompt in test.prompts:
        reply = model.chat([Message("user", prompt)], max_tokens=_ANSWER_TOKENS, timeout_s=test.at_most_s)
        elapsed_s, tokens = elapsed_s + reply.elapsed_s, tokens + reply.output_tokens
        said = reply.text.strip()
        if not said:
            return TryOut(f"It answered nothing to {prompt[:80]!r}.", elapsed_s, tokens)
        if test.expect and not any(word.casefold() in said.casefold() for word in test.expect):
            return TryOut(f"It answered {said[:80]!r} to {prompt[:80]!r}.", elapsed_s, tokens)
    return TryOut("", elapsed_s, tokens)


def still_answers(model: ChatModel, test: SelfTest) -> None:
    """A sign of life of a model that passed its test before. Raises ModelUnavailable, OutOfTime."""
    prompt = test.prompts[0] if test.prompts else "Hello."
    model.chat([Message("user", prompt)], max_tokens=_SIGN_OF_LIFE_TOKENS, timeout_s=test.at_most_s)
