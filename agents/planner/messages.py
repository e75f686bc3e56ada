"""Words that are carried to a device as they are: a question to it, or the reply to one of its own.

They are cut out of the order before anything else is read, so that "why", "if" or a name in them is never taken for a
part of the order. Between quotation marks anything may stand; without them, what would bind the order to something else
("... if the gate passes", "... and pause hall-3") makes it no order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agents.planner.entity_linking import name_places
from agents.planner.known import KnownEntities

_ASK = re.compile(r"\bask\s+|(?<![请疑提访学])(?:询问|问(?:问|一下|一问)?)(?!题)\s*", re.IGNORECASE)
_REPLY = re.compile(
    r"(?:\b(?:reply(?:\s+to)?|answer|respond\s+to)\s+|(?:回复|答复|回答)\s*)(?:the\s+)?(?:question\b|问题)?\s*"
    r"(?P<id>[A-Za-z0-9][A-Za-z0-9._-]*:[A-Za-z0-9_-]+)\s*(?:[:：,，]|with\b)?\s*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[:：,，]?\s*[\"“「](?P<said>[^\"“”「」]+)[\"”」]")
_BEFORE_NAME = re.compile(r"\s*(?:the\s+)?(?:(?:device|gateway)\s+|设备\s*|网关\s*)?", re.IGNORECASE)
_BEFORE_GROUP = re.compile(r"\s+(?:in|of|at|from)\s+(?:the\s+)?(?:group\s+)?", re.IGNORECASE)
_BEGINS = re.compile(
    r"[:：,，]|(?<![\w-])(?:why|what(?:['’]s)?|whether|if|how|when|where|who|which|is|are|was|does|did|has|have|about|for)"
    r"(?![\w-])|为什么|为何|怎么|是否|是不是|有没有|什么|哪|多少|几|何时|能否|能不能",
    re.IGNORECASE,
)
_NO_MESSAGE = re.compile(
    r"\s*[(/&+（]|\s*(?:to|and|or|not|but|then|instead)\b|\s*(?:和|或|与|及|、|别|不)", re.IGNORECASE
)
_DEVICE_LIKE = re.compile(r"\b(?:devices?|gateways?)\b|设备|网关|\d|\w-\w", re.IGNORECASE)
_AROUND = re.compile(
    r"\b(?:the|a|an|in|of|at|on|from|that|one|device|gateway|group)\b|那台|这台|设备|网关|[的里中在台上组]",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[a-z]+(?:[\s_.-]*\d+)?|\d+|[\u3400-\u9fff]+")
_BINDS = re.compile(
    r"\b(?:unless|if|when|until|once|tomorrow|tonight|later|rather not|not yet|never ?mind|actually|forget it)\b"
    r"|如果|除非|明天|今晚|之后再|稍后|算了",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\b(?:and|then|also|or|but)\b|[,;.!?\n，；。！？、]|并且?|然后|再", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be carried.

    Attributes:
        text: as it was said; empty where nothing was.
        whom: how the device was called, where not exactly one fits; empty where one does, which the order then names.
        fitting: devices that the words of `whom` fit.
        question: id of the question that it replies to, as it was said.
        quoted: it stood between quotation marks.
        binds: it may bind the order to something else.
    """

    kind: Literal["ask", "reply"]
    text: str
    whom: str = ""
    fitting: tuple[str, ...] = ()
    question: str = ""
    quoted: bool = False
    binds: bool = False

    def rests(self) -> list[str]:
        """What follows each "and", comma and the like: what may be meant for the hub; nothing of what was quoted."""
        return [] if self.quoted else [self.text[part.end() :] for part in _PARTS.finditer(self.text)]


def take_message(text: str, before: str, known: KnownEntities) -> tuple[str, Message | None]:
    """The order without the message in it, and the message; None where it carries none.

    Args:
        before: the beginning of the text, up to a reason that it gives: an "ask" in a reason is no order.
    """
    if match := _REPLY.search(before):
        said, words, quoted = _parted(text[match.end() :])
        device = match["id"].partition(":")[0]
        message = Message("reply", words, question=match["id"], quoted=quoted, binds=_binds(words, quoted))
        return f"{text[: match.start('id')]}{device} {said}", message
    for match in _ASK.finditer(before):
        if (cut := _asked(text[match.end() :], known)) is not None:
            return f"{text[: match.end()]}{cut[0]}", cut[1]
    return text, None


def _asked(rest: str, known: KnownEntities) -> tuple[str, Message] | None:
    """What of the order is behind "ask", and the message; None where no device is asked."""
    named = _named(rest, known)
    if named:
        after = rest[named:]
        if _NO_MESSAGE.match(after) or _names_more(after, known):
            return rest, Message("ask", "")
        said, words, quoted = _parted(after)
        return f"{rest[:named]} {said}", Message("ask", words, quoted=quoted, binds=_binds(words, quoted))
    begins = _QUOTED.search(rest) or _BEGINS.search(rest)
    at = begins.start() if begins else len(rest)
    whom = rest[:at].strip()
    fitting = _fitting(whom, known.devices)
    if not fitting and not _DEVICE_LIKE.search(whom):
        return None
    said, words, quoted = _parted(rest[at:])
    if len(fitting) == 1:
        return f"{fitting[0]} {said}", Message("ask", words, quoted=quoted, binds=_binds(words, quoted))
    return said, Message("ask", words, whom, fitting, quoted=quoted, binds=_binds(words, quoted))


def _parted(rest: str) -> tuple[str, str, bool]:
    """What is not of the message, the message, and whether it was quoted."""
    if quoted := _QUOTED.match(rest.lstrip()):
        return rest.lstrip()[quoted.end() :], quoted["said"].strip(), True
    return "", rest.strip().lstrip(":：,，").strip(), False


def _binds(words: str, quoted: bool) -> bool:
    return not quoted and _BINDS.search(words) is not None


def _named(rest: str, known: KnownEntities) -> int:
    """Where the name of a device ends that the text begins with, its group included; 0 where there is none."""
    begin = _BEFORE_NAME.match(rest)
    at = begin.end() if begin else 0
    ends = [end for name in known.devices for start, end in name_places(rest[:200], name) if start == at]
    if not ends:
        return 0
    end = max(ends)
    if clause := _BEFORE_GROUP.match(rest, end):
        places = [place for group in known.groups for place in name_places(rest[:200], group)]
        end = max([until for start, until in places if start == clause.end()], default=end)
    return end


def _names_more(after: str, known: KnownEntities) -> bool:
    """Whether what is behind a device's name begins with another one: "press-1, press-2 why they are hot"."""
    begun = after.lstrip(" ,，、")[:200]
    return any(start == 0 for name in (*known.devices, *known.groups) for start, _ in name_places(begun, name))


def _fitting(whom: str, devices: Mapping[str, str]) -> tuple[str, ...]:
    """Devices all of whose words are of their names and groups; one at least is of the name, and more than a number."""
    said = whom.lower()
    groups: set[str] = set()
    for group in dict.fromkeys(devices.values()):
        for start, end in name_places(said, group):
            groups.add(group)
            said = f"{said[:start]}{' ' * (end - start)}{said[end:]}"
    units = _units(_AROUND.sub(" ; ", said))
    if not any(not unit.isdigit() for unit in units):
        return ()
    placed = frozenset[str]().union(*(_units(group) for group in groups))
    return tuple(
        name
        for name, group in devices.items()
        if units <= _units(name) | _units(group)
        and units & _units(name)
        and (not groups or group in groups or placed <= _units(name))
    )


@lru_cache(20_000)
def _units(name: str) -> frozenset[str]:
    """Words with the number behind them: "SE30-7" is se30 and 7, "hall 3" is hall3."""
    return frozenset(re.sub(r"[\s_.-]", "", unit) for unit in _UNIT.findall(name.lower()))
