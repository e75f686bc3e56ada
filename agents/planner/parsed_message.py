"""An utterance as the grammar sees it: names and quantities taken out, the words between them left."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.planner.entity_linking import Kind, Mention, take_mentions
from agents.planner.known import KnownEntities
from agents.planner.messages import Message, take_message
from agents.planner.quantities import Quantities, take_quantities
from agents.planner.speech_act import SpeechAct, speech_act_of
from tools.registry.catalogue import Catalogue

_REASON = re.compile(
    (
        r"[\s,;:，；：]*(?:\b(?:because(?: of)?|due to|reason(?: is)?\s*[:：]?"
        r"|since)(?=\s)|(?:因为|由于|(?:原因|理由)是?)\s*[:：]?)\s*(?P<why>\S.*)$"
    ),
    re.IGNORECASE | re.DOTALL,
)
_COLON = re.compile(r"(?P<id>\b(?:ap|ro)-[\w-]+)\s*[:：]\s*(?P<why>\S.*)$", re.DOTALL)
_BLOCK = re.compile(r"\s*```(?:ya?ml)?[ \t]*\n(?P<body>.*?)```\s*$", re.DOTALL | re.IGNORECASE)
_MASK = re.compile(r"<[A-Z%]\d*>")
_FILLERS = re.compile(
    r"\b(?:(?:i|we)(?:['’]d like| would like| want| need)(?: you)? to"
    r"|(?:can|could|would|will) you|for now|right now|right away"
    r"|go ahead(?: and)?|thank you|in order|a|an|the|this|that|please"
    r"|pls|plz|kindly|now|ok|okay|so|hey|hi|hello|thanks|let['’]?s"
    r"|lets|just|also|then|us|me|it|its|my|our|do|run|start|begin"
    r"|create|make|launch|kick off|with|on|at|in|of|to|from|by|into|onto"
    r"|for|as|and|using|use"
    r"|new|immediately|asap|s)\b"
    r"|请|麻烦|帮我|帮忙|帮|劳驾|现在|马上|立即|立刻|一下|一个|我想|我要|我们|想|要|能把|可以|把|将|给|对|在|用|让|到|为|以|的|了"
    r"|吧|呢|吗|啊|先|再|然后|做|进行|执行|启动|开始|上|这个|那个|和|与|从|次|个",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[A-Za-z0-9_@\u3400-\u9fff][\w@.-]*")


@dataclass(frozen=True)
class ParsedMessage:
    """One utterance.

    Attributes:
        text: as it was said, without its reason.
        masked: the same, with `<V0>` in the place of the first name, and `<%>`, `<D>`, `<S>`, `<Q>`, `<E>` in the
            place of quantities.
        mentions: the names, in order; the number in a mask is the index.
        reason: what followed "because"; empty where nothing did.
        language: "en" or "zh".
        block: what stood between ``` marks at the end; no part of the text.
        message: what is to be carried to a device; no part of the text.
    """

    text: str
    masked: str
    mentions: Sequence[Mention]
    quantities: Quantities
    reason: str
    mood: SpeechAct
    language: str
    known: KnownEntities
    catalogue: Catalogue
    block: str = ""
    message: Message | None = None

    def names(self, *kinds: Kind) -> list[str]:
        """Distinct names of these kinds, in order of mention."""
        return list(dict.fromkeys(one.name for one in self.mentions if one.kind in kinds))

    def says(self, pattern: str) -> bool:
        """Whether the words between the names match."""
        return re.search(pattern, self.masked, re.IGNORECASE) is not None

    def find(self, pattern: str) -> re.Match[str] | None:
        """As `says`; the match in the masked text."""
        return re.search(pattern, self.masked, re.IGNORECASE)

    def at(self, mask: str) -> Mention:
        """The mention behind a mask such as `V0`."""
        return self.mentions[int(mask[1:])]

    def unexplained(self, *words: str) -> list[str]:
        """What is left when names, quantities, these words (patterns) and fillers are taken out."""
        rest = self.masked
        for pattern in words:
            rest = re.sub(pattern, " ", rest, flags=re.IGNORECASE)
        rest = _MASK.sub(" , ", rest)
        return _LETTERS.findall(_FILLERS.sub(" ", rest))


def read_utterance(text: str, language: str, known: KnownEntities, catalogue: Catalogue) -> ParsedMessage:
    """Read one message. Costs about a millisecond for a few hundred names."""
    block = _BLOCK.search(text)
    whole = text[: block.start()] if block else text
    said, reason = without_reason(whole)
    carried, message = take_message(whole.strip(), said, known)
    if message is not None:
        said, reason = carried, ""
    mentions = take_mentions(said, known, catalogue)
    masked, end = "", 0
    for index, one in enumerate(mentions):
        masked += f"{said[end : one.start]}<{one.kind}{index}>"
        end = one.end
    masked, quantities = take_quantities(masked + said[end:])
    mood = speech_act_of(masked, reason)
    if message is not None and message.binds and mood == "order":
        mood = "talk"
    body = block["body"] if block else ""
    return ParsedMessage(said, masked, mentions, quantities, reason, mood, language, known, catalogue, body, message)


def without_reason(text: str) -> tuple[str, str]:
    """What is said, and the reason that is given for it; empty where none is."""
    text = text.strip()
    if match := _REASON.search(text):
        return text[: match.start()], match["why"].strip().rstrip(".。!！")
    if match := _COLON.search(text):
        return text[: match.end("id")], match["why"].strip().rstrip(".。!！")
    return text, ""
