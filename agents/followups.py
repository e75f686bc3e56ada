"""Whether a message makes sense alone, or only with the question before it."""

import re

from memory.lexical import analyse

__all__ = ["is_elliptical", "standalone_question"]

_OPENING = re.compile(
    r"^\s*(?:and|but|or|what about|how about|same for|why|why not|where|when|since when|the (?:first|second|third|last)"
    r" one|which one|tell me more|more|go on|explain)\b|^\s*(?:那|那么|还有|以及|为什么|为啥|怎么会|第[一二三]个|再|继续|详细)|呢[？?]?\s*$",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?:it|its|that|those|them|they|this one|there|then)\b|它|这个|那个|那里|他们", re.IGNORECASE)
_ALONE_TERMS = 5


def standalone_question(message: str, before: str) -> str:
    """The message, with the question before it in front where the message is elliptical.

    Args:
        message: the user's message.
        before: the user's message before it; empty when there is none.
    """
    return f"{before} {message}" if before and is_elliptical(message) else message


def is_elliptical(message: str) -> bool:
    """Whether the message is short and opens like a follow-up, or points at something it does not name."""
    leans = _OPENING.search(message) or _POINTING.search(message)
    return bool(leans) and len(analyse(message)) <= _ALONE_TERMS
