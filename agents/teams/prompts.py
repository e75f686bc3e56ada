"""Prompts of agents, cut to what their model reads: the middle of the longest message goes first."""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from agents.models.chat import estimate_tokens

CUT = "\n… (cut)\n"
_LEAST = 400
"""Letters of a message that always stay."""
_PER_MESSAGE = 8
"""Tokens around each."""


def within(messages: Sequence[BaseMessage], tokens: int) -> list[BaseMessage]:
    """The messages in at most so many tokens, as far as that can be: each keeps its beginning and its end.

    Args:
        tokens: as `estimate_tokens` counts them.
    """
    texts = [str(message.text) for message in messages]
    sizes = [estimate_tokens(text) + _PER_MESSAGE for text in texts]
    while sum(sizes) > tokens:
        longest = max(range(len(texts)), key=sizes.__getitem__, default=0)
        text = texts[longest]
        if len(text) <= _LEAST:
            break
        part = max(_LEAST, len(text) * 4 // 5 - len(CUT)) // 2
        texts[longest] = f"{text[:part].removesuffix(CUT)}{CUT}{text[-part:].removeprefix(CUT)}"
        sizes[longest] = estimate_tokens(texts[longest]) + _PER_MESSAGE
        if len(texts[longest]) >= len(text):
            break
    return [
        message if message.text == text else message.model_copy(update={"content": text})
        for message, text in zip(messages, texts, strict=True)
    ]
