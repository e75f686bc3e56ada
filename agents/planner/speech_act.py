"""Whether somebody orders an operation, asks how things stand, or only talks about it: deterministic, and cautious."""

import re
from typing import Literal

SpeechAct = Literal["order", "look", "talk"]
"""order: do it. look: how do things stand. talk: denied, supposed, put off, or a question about doing it."""

_LOOKS = re.compile(
    r"^\W*(?:(?:and|so|ok|okay|hey|please|now|well)\b\W*)*"
    r"(?:is|are|was|were|did|does|has|have|had|which|who|when|where|why|what(?:'s|’s)?|status|list|show|display"
    r"|how(?:'s|’s| is| are| was| did| far| much| many| goes)"
    r"|(?:can|could|would) you (?:show|list|tell)|give me|tell me"
    r"|let me see|look at|see)\b"
    r"|状态|进度|进展|怎么样了|哪一?步|哪些|谁|什么时候|为什么|列出|查看|看看|看一下|显示|有没有|了吗|有什么|完整吗",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:don['’]?t|do not|does not|doesn['’]t|never|not|cannot"
    r"|can['’]?t|won['’]?t|shouldn['’]?t|without|skip\w*|bypass\w*"
    r"|ignor\w+|avoid|instead of|actually|never ?mind|forget"
    r"|leave it|wait(?! ?<)|hold (?:off|on)|stop before|rather)\b"
    r"|别(?!名)|不要|先不|暂不|暂时不|不用|无需|不想|不能|不必|不得|禁止|跳过|绕过|算了|勿",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\b(?:if|when|whenever|once|after|until|till|unless|whether"
    r"|suppose|supposing|imagine|assuming|provided|in case|before"
    r"|as soon as|what (?:would|will|happens|if|does)"
    r"|would (?:it|that|we|i)|should|shall|maybe|perhaps|might|may"
    r"|(?:can|could) (?:we|i|one|they|it)|how (?:do|can|could|would|to|should|does)|explain|tomorrow|tonight|later|soon"
    r"|yesterday|next (?:week|month|time|year)|this (?:evening|afternoon)|on (?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|o['’]clock|not sure|thinking (?:of|about)|is it)\b"
    r"|如果|假如|要是|倘若|一旦|等.*[再后]|之后|以后|的时候|明天|今晚|下周|后天|稍后|晚点|怎么|如何|怎样|应该|是否|该不该"
    r"|要不要|能否|可不可以|能不能|会发生|是不是",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？]\s*$|吗\s*[?？。]?\s*$")
_REQUESTS = re.compile(
    r"\b(?:can|could|would|will) you\b|帮|请(?!问)|麻烦|劳驾|能把"
    r"|^\W*(?:(?:please|now|ok|okay|hey)\b\W*)*(?:ask|reply to)\b|^\W*(?:询问|问|回复|答复)(?!题)",
    re.IGNORECASE,
)
"""Asks for something to be done: also to put a question to somebody else."""
_TAKES_BACK = re.compile(
    r"\b(?:actually|wait|never ?mind|forget it|not yet|don['’]?t|stop)\b|算了|先别|不要|别", re.IGNORECASE
)

_BOUND = re.compile(
    r"\b(?:unless|if|when|until|once|tomorrow|tonight|later|rather not|not yet)\b|如果|除非|明天|今晚|之后再|稍后",
    re.IGNORECASE,
)
"""What binds an order to something else, even behind its reason."""


def speech_act_of(text: str, reason: str = "") -> SpeechAct:
    """The mood of an utterance.

    Args:
        text: without the reason that it gives; names may be masked.
        reason: what was said as the reason; only looked through for a sentence that takes the order back.
    """
    about = _DENIED.search(text) or _SUPPOSED.search(text)
    if _LOOKS.search(text) and not re.search(
        r"\bwhat (?:would|will|happens|if)\b|会怎么样|会怎样", text, re.IGNORECASE
    ):
        return "look"
    if _BOUND.search(reason):
        return "talk"
    _, *further = re.split(r"[.!;。！；]\s*", reason)
    if about or any(_TAKES_BACK.search(sentence) for sentence in further):
        return "talk"
    return "talk" if only_asks(text) else "order"


def only_asks(text: str) -> bool:
    """Whether it ends as a question and requests nothing: no order, whatever the names in it are."""
    return bool(_ASKS.search(text)) and not _REQUESTS.search(text)
