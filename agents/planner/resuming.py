"""Short answers that take up what the turn before left undone: "yes", "go on"."""

import re
from typing import Literal

__all__ = ["Answer", "read_answer"]

Answer = Literal["yes", "no", "go_on"]

_YES = re.compile(
    r"(?:yes|yep|yeah|sure|ok(?:ay)?|confirm(?:ed)?|do (?:it"
    r"|that)|please do|correct|right|是的?|对的?|好的?|可以|确认|确定|执行)"
    r"(?:[,，\s]+(?:please|do it"
    r"|do that|go ahead|执行吧?|谢谢))?",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:no|nope|don['’]?t|cancel|stop|never ?mind|不|不要|不用|否|取消|算了)(?:[,，\s]+(?:thanks|thank you|谢谢))?",
    re.IGNORECASE,
)
_GO_ON = re.compile(
    r"(?:(?:ok(?:ay)?|now|please)[,\s]+)*(?:go on|go ahead|continue|proceed|try (?:it )?again|do it now|carry on"
    r"|(?:it|that)(?:'s| is| was| has been) approved(?:[,\s]+(?:go on|go ahead|continue|proceed|do it))?|approved"
    r"|继续吧?|已批准|批准了|已经批准了?|通过了|再试一次)(?:[,\s]+(?:please|now))?",
    re.IGNORECASE,
)


def read_answer(text: str) -> Answer | None:
    """What a whole message answers; None where it says anything else."""
    said = text.strip().strip(".!。！ ")
    if _GO_ON.fullmatch(said):
        return "go_on"
    if _YES.fullmatch(said):
        return "yes"
    return "no" if _NO.fullmatch(said) else None
