"""A message without what must not be read as its sender's own words: names, quotations, pasted "
"mails, code and logs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

FILL = "\u02ac"
"""Stands for each hidden character. A letter, so that what is hidden is a word to a regular expression."""

LATER = (
    r"(?:tomorrow|tonight|overnight|later(?! than| version)|soon|afterwards|this (?:evening"
    r"|afternoon|weekend)|at the weekend"
    r"|next (?:week|month|time|year|quarter|shift|sprint|maintenance|window|release|(?:mon|tues"
    r"|wednes|thurs|fri|satur|sun)day)"
    r"|(?:on|this|coming) (?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|(?:at|after|around|from) (?:\d{1,2}(?::\d\d)? ?(?:am|pm|o'clock)|\d{1,2}:\d\d|noon|midnight"
    r"|night|lunch|work|breakfast|dinner)\b"
    r"|at \d{1,2}(?= *(?:$|[.!?]|,(?! *\d)))"
    r"|(?<!with)in (?:a|an|one|two|three|four|five|ten|half an?|some|\d+) ?(?:few "
    r"|more )?(?:seconds?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?)\b"
    r"|(?:at|by|towards) (?:the )?end of (?:the )?\w+|(?:\d+|an?|one|two|three|five"
    r"|ten) (?:minutes?|mins?|hours?|days?|weeks?) (?:from now|later|before|after)"
    r"|in the course of|as early as"
    r"|in the (?:morning|evening|afternoon|night|coming|next)|at the (?:next|start|beginning)"
    r"|during the|over (?:the weekend|night|lunch)|(?:eod|eow|cob)\b|for (?:mon|tues|wednes|thurs"
    r"|fri|satur|sun)day|(?:from|since|starting|by|before|until) (?:mon|tues|wednes|thurs|fri|satur"
    r"|sun)days?(?: on)?|(?:on|from|starting) (?:the )?\d{1,2}(?:st|nd|rd|th|\.)?(?: of)? ?(?:jan"
    r"|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*|(?:on|from) (?:jan|feb|mar|apr|may|jun|jul"
    r"|aug|sep|oct|nov|dec)\w* \d{1,2}|(?:on|from) the \d{1,2}(?:st|nd|rd|th)|(?:on"
    r"|from) \d{4}-\d\d-\d\d|(?:on|after) the (?:weekend|shift|holidays?))"
)
"""An English expression of a time to come."""

_LATER_SPAN = re.compile(
    rf"{LATER}(?:[\s,]+(?:at|around|{LATER})[\s\w:]*)*|(?:今晚|明[天早晚]|后天"
    rf"|下[周午]|周[一二三四五六日天]|晚上|稍后).*",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:if (?:you (?:don't|do not|wouldn't) mind|possible|you (?:can|could|would|please|like"
    r"|will)(?= *(?:,|$|[.!?]|please))|it(?:'s| is) (?:no trouble|not too much trouble)|i may)"
    r"|(?:when|once|whenever) you (?:get|have|find) (?:a|the|some) (?:chance|minute|moment|second|sec|time))\b"
)
"""A condition by its form, courtesy by its meaning."""
_TIME_SPAN = re.compile(
    r"[\d\s.,:%]+|(?:\d+|an?|half an|one|two|three|four|five|ten|[一二两三四五六十半]+)"
    r" ?个?(?:s|seconds?|min|mins|minutes?|h|hours?"
    r"|days?|weeks?|months?|秒|分钟?|小时|天|周|个?月)"
    r"|(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: at [\d:]+)?"
    r"|[\d:]+ ?(?:am|pm|o'clock)|noon|midnight|morning|evening|\d{4}-\d\d-\d\d.*|[上下中]午.*"
    r"|[一二三四五六七八九十]+点.*"
)
"""Numbers, durations and dates: what stands before them says whether they put an order off."""
_PASTED = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)"
    r"|^[ \t]*[>|＞][^\n]*(?:\n|\Z)"
    r"|^[ \t]*[-=_]{2,}[ \t]*(?:original message|forwarded|begin|原始邮件)[^\n]*\n.*\Z"
    r"|^[ \t]*(?:from|to|cc|subject|sent|date|发件人|收件人|主题|日期)[:：][^\n]*\n\s*(?:from|to|cc"
    r"|subject|sent|date|发件人|收件人|主题|日期)[:：].*\Z"
    r"|^[^\n]*\b(?:wrote|writes|mailed|posted)[:：]\s*\n.*\Z"
    r"|^[^\n]*\b(?:below|following|forward(?:ed|ing)?|fwd?|here is|here's|pasted?|quote|log|e-?mail"
    r"|ticket|transcript)\b[^\n]*[:：][ \t]*\n.*\Z"
    r"|^[^\n]*(?:如下|转发|下面|原文|邮件|写道|日志|说)[^\n]*[:：][ \t]*\n.*\Z"
    r"|^[ \t]*\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^\n]*"
    r"|^[ \t]*\[[^\]\n]*\d{1,2}:\d\d[^\]\n]*\][^\n]*"
    r"|^[ \t]*\d{1,2}:\d\d(?::\d\d)?[ \t]+(?:<\w+>|\w+:|info|warn|error|debug)[^\n]*"
    r"|^[ \t]*\[?(?:info|warn(?:ing)?|error|debug|trace)\]?[: \t]+[^\n]*"
    r"|^[ \t]*(?:traceback \(most|\$ |#!|#+ |//|@\w|(?:re|fwd?|aw|wg): |<\w+[ >])[^\n]*",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_INLINE = re.compile(
    r"\"[^\"\n]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』|‘[^’\n]*’(?!\w)|`[^`\n]*`"
    r"|(?<!\w)'[^'\n]+'(?!\w)|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|<(\w+)\b[^<>]*>.*?</\1>|https?://\S+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Masked:
    """A text of the same length in lower case, with FILL for what is hidden.

    Attributes:
        pasted: spans that are somebody else's text, in order.
    """

    text: str
    pasted: tuple[tuple[int, int], ...]


def mask(text: str, taken: Sequence[tuple[int, int]] = ()) -> Masked:
    """Hide what is not to be read. Of `taken`, times to come are left: they decide whether an "
    "order is for now.
    """
    lowered = "".join(one if len(one) == 1 else "?" for one in (c.lower() if c.isupper() else c for c in text))
    characters = list(lowered.replace("\u2019", "'"))
    for match in _COURTESY.finditer("".join(characters)):
        characters[match.start() : match.end()] = " " * (match.end() - match.start())
    for start, end in taken:
        start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))  # noqa: PLW2901
        words = lowered[start:end].strip()
        if start < end and not _LATER_SPAN.fullmatch(words) and not _TIME_SPAN.fullmatch(words):
            characters[start:end] = FILL * (end - start)
    pasted = [match.span() for match in _PASTED.finditer(lowered) if match.end() > match.start()]
    for match in _INLINE.finditer(lowered):
        characters[match.start() : match.end()] = FILL * (match.end() - match.start())
    for start, end in pasted:
        characters[start:end] = FILL * (end - start)
    return Masked("".join(characters), tuple(pasted))
