"""What form of answer a question about documents asks for: a fact, a summary, a comparison, documents themselves."""

import re
from dataclasses import dataclass
from typing import Literal

Form = Literal["fact", "mentions", "listing", "summary", "comparison"]

_DOCUMENTS = r"(?:documents?|docs|files?|manuals?|pages?|texts?|papers?|sources?|leaflets?|handbooks?)"
_MENTIONS = re.compile(
    rf"\b(?:which|what) (?:of (?:the|my|our|your) )?{_DOCUMENTS}(?: here| of mine)? (?:that )?(?:do |does |all )?"
    r"(?:mention|talk about|speak of|cover|deal with|contain|refer to|are about|is about|discuss|describe"
    r"|(?:have|say) (?:something|anything) (?:on|about))s? (?P<subject>.+)"
    rf"|\bin (?:which|what) {_DOCUMENTS} (?:is|are|can i find|do i find|does|do) "
    r"(?P<found>.+?)(?: mentioned| described| covered)?\W*$"
    r"|\bwhere (?:is|are) (?P<where>.+) mentioned"
    r"|(?:哪些|哪个|哪几[个份篇]|哪[份篇])(?:文档|文件|资料|手册|说明书?).{0,3}?"
    r"(?:提到|提及|讲到?|涉及|关于|说到?|写到?|包含|介绍)了?过?(?P<zh>.+)",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"\W*(?:please )?(?:(?:list|show)(?: me)?|(?:what|which)(?: are| kind of)?|how many)(?: all)?(?: of)?"
    rf"(?: the| my| our| your)? ?(?:ingested |loaded |known |stored |available )?{_DOCUMENTS}"
    r"(?: (?:do|did|have|has|are|is|can|were|you|i|we|there|here|ingested|loaded|known|stored|available|know|read|got"
    r"|see|in|the|this|home|to|of|so|far|search|use|now|currently))*\W*"
    r"|\W*(?:请)?(?:列出|显示|查看|给我看|你|这里|现在)*(?:有|所有|全部|现有)?的?(?:哪些|什么|多少)?[个份篇]?"
    r"(?:文档|文件|资料)(?:列表|有哪些|清单|都有什么)?\W*",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"\W*(?:please )?(?:summari[sz]e|sum up|outline"
    r"|give (?:me )?(?:a |an |the )?(?:short |brief )?(?:summary|overview|outline) of"
    r"|what(?: is|'s| are)? the (?:main|key|most important) (?:points|rules|things) (?:of|in|about)) (?P<subject>.+)"
    r"|\W*(?:请)?(?:总结|概括|概述|归纳)(?:一下)?(?P<zh>.+)",
    re.IGNORECASE,
)
_COMPARISON = re.compile(
    r"\b(?:differences?|distinction) between (?P<a>.+?) and (?P<b>.+)"
    r"|\bcompare (?P<a2>.+?) (?:and|with|to|against) (?P<b2>.+)"
    r"|\bhow (?:do|does|is|are) (?P<a3>.+?) (?:differ(?:ent)? from|compare (?:to|with)) (?P<b3>.+)"
    r"|(?P<a4>[^，。？?]+?)(?:和|与|跟)(?P<b4>[^，。？?]+?)(?:之间)?的?(?:有什么|有何|有啥|的)?(?:区别|不同|差别|差异)",
    re.IGNORECASE,
)
_ABOUT: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("mentions", _MENTIONS),
    ("comparison", _COMPARISON),
    ("summary", _SUMMARY),
)
_LONGEST = 400
"""Characters: some of the patterns take time that grows with the square."""
_ENDS = " \t?？.。!！\"'“”"


@dataclass(frozen=True, slots=True)
class AskedForm:
    """The form, and what it is about: the words after "mention" or "summarise", both sides of a comparison."""

    form: Form
    subjects: tuple[str, ...] = ()


def read_form(question: str) -> AskedForm:
    """Tell the form of answer that a question asks for; a long message asks for no form but a fact."""
    if len(question) > _LONGEST:
        return AskedForm("fact")
    if _LISTING.fullmatch(question):
        return AskedForm("listing")
    for form, pattern in _ABOUT:
        if found := pattern.search(question):
            subjects = tuple(part.strip(_ENDS) for part in found.groups() if part and part.strip(_ENDS))
            if subjects:
                return AskedForm(form, subjects)
    return AskedForm("fact")
