"""Follow-up detection and question rewriting."""

import re

from edge.kernel.grounding import codes
from edge.kernel.text_analysis import terms_of

_OPENING = re.compile(
    r"^\s*(?:and|but|or|also|what about|how about|same for|why not|since when|the (?:first|second|third|last) one"
    r"|which one|tell me more|more|go on|explain)\b"
    r"|^\s*(?:那|还有|以及|第[一二三]个|再|继续|详细|下一步|哪一[页个条])|也一样|又是[啥什]|呢[？?]?\s*$",
    re.IGNORECASE,
)
_ASKING = re.compile(r"^\s*(?:why|where|when)\b|^\s*(?:为什么|为啥|怎么会)", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:its?(?! say\b)|them|they|(?<!is )(?<!are )there(?! is\b| are\b))\b|\bthen\b|它|他们|那里", re.IGNORECASE
)
_SHOWING = re.compile(r"\b(?:that|those|this one)\b|这[台些]|这个(?!月|季度|星期)|那[个台些]", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\b(?<!does )(?<!is )that (?:the|a|an|all|every|each|no|\w+s)\b", re.IGNORECASE)
_DEFINITION = re.compile(r"^\s*(?:what(?: is|'s|s)|who|define)\b|什么是|是什么|怎么", re.IGNORECASE)
_MOST_TERMS, _MOST_TERMS_ASKING, _TERMS_NAMING = 5, 2, 3


def standalone_question(message: str, before: str) -> str:
    """The message, with the question before it in front where the message is elliptical.

    Args:
        message: the user's message.
        before: the user's message before it; empty when there is none.
    """
    return f"{before} {message}" if before and is_elliptical(message) else message


def is_elliptical(message: str) -> bool:
    """Whether the message is short and opens like a follow-up, or points at something it does not name."""
    terms = len(terms_of(message))
    if terms > _MOST_TERMS:
        return False
    if _OPENING.search(message) or _points_outside(message):
        return True
    if any(True for _ in codes(message)):
        return False
    most = _MOST_TERMS_ASKING if _ASKING.search(message) else 0 if _DEFINITION.search(message) else 1
    return terms <= most


def _points_outside(message: str) -> bool:
    """Whether it shows something ("that gateway"), or a pronoun stands before anything that it could stand for."""
    if _SHOWING.search(_CONJUNCTION.sub("", message)):
        return True
    found = _POINTING.search(message)
    return bool(found) and len(terms_of(message[: found.start()])) < _TERMS_NAMING
