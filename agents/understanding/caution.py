"""What keeps an order from being carried out though its form is one: exceptions, denials in other words, hedges.

These are vetoes: they only ever turn an act into a question.
"""

import re
from collections.abc import Sequence

from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.slots import Filling

_EXCEPTION = re.compile(
    r"\b(?:except|excepting|excluding|other than|apart from|aside from|besides|save for"
    r"|(?:all|any\w*|every\w*|each|none|nothing)(?: \w+)? but)\b|除了|除.{1,30}?(?:以外|之外|外)",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:no|not|none|nothing|(?<!, )nobody|never|neither|nor|without|avoid\w*|refrain\w*|disregard|ignore|joke"
    r"|joking|kidding|typo|todo|fixme|checklist|commit|ideal world|yeah right|stop short|in a bit|in a while"
    r"|don['’]?t|do not|shouldn['’]?t|nicht|kein\w*|nein|pas|jamais|nunca|should|suppose|what if|what happens"
    r"|who can|already|unless|if|when|forget it)\b"
    r"|无须|无需|免得|避免|以免|口误|开玩笑|别(?!名)|不要|不许|严禁|禁止|如果|假如|要是|除非|算了",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|later|tomorrow|tonight|whichever|whatever|hm+|uh+|um+|not|no|nothing|none|never|sure|unsure"
    r"|wrong|wait|why|what|who|which|when|where|how|help|is|are|does|do|but|except|any\w*|yes|ok(?:ay)?|until|if"
    r"|unless|think|guess|know)\b|[?？]|不|吗|呢|晚点|再想|好像|除了|什么|怎么|哪|谁|为什么|要是|如果|可以",
    re.IGNORECASE,
)
_REASON_CUE = re.compile(r"^\s*(?:because|since|due to|reason\b|因为|由于|原因)", re.IGNORECASE)
_DOUBT = re.compile(
    r"[?？]|^\W*(?:yes|no|ok(?:ay)?|sure|help|hm+|oh|maybe|perhaps|well)\b"
    r"|\b(?:not sure|unsure|later|not today|wrong (?:one|device|version|model)|need a reason|should we|i think|what"
    r"|why|who|which|how)\b|吗|呢|不确定|好像|再想|晚点|为什么|什么|哪",
    re.IGNORECASE,
)
_SHORT = 8
"""Letters of words that are carried on as a text."""


def excepts(text: str) -> bool:
    """Whether something is left out of what is meant ("all but v1"), so that it is not what is meant."""
    return _EXCEPTION.search(text) is not None


def denies(said: ParsedMessage, filling: Filling) -> str:
    """The word outside names and texts that are carried on which may deny or bind an order; empty for none."""
    hidden = [(one.start, one.end) for one in (*said.mentions, *said.quantities) if not getattr(one, "common", False)]
    texts = [one.words for one in filling.arguments.values() if len(one.words.split()) > 1 or len(one.words) > _SHORT]
    for words in texts:
        at = said.text.find(words)
        if at >= 0:
            hidden.append((at, at + len(words)))
    for match in _DENIAL.finditer(said.text):
        inside = any(start <= match.start() < end for start, end in hidden)
        if not inside and any(token.start <= match.start() < token.end for token in said.tokens):
            return match[0]
    return ""


def hedges(text: str) -> bool:
    """Whether an answer may be none: a question, a doubt, a denial."""
    return _HEDGE.search(text) is not None


def is_reason(text: str, moods: Sequence[str]) -> bool:
    """Whether it may be kept as the reason for something."""
    if _REASON_CUE.search(text):
        return not text.rstrip().endswith(("?", "？"))
    plain = all(mood == "talk" for mood in moods)
    long_enough = len(re.findall(r"[A-Za-z]+|[\u3400-\u9fff]", text)) > 1
    return plain and long_enough and not _DOUBT.search(text)
