"""The kind of answer that a question's words ask for, and how a sentence shows that it has one.

"How much is it?" is answered by an amount of money, "when?" by a time of day, a date or a span. English and Chinese.
"""

import re
from dataclasses import dataclass
from typing import Literal

from edge.kernel.text_analysis import terms_of

Wanted = Literal[
    "money",
    "temperature",
    "weight",
    "length",
    "share",
    "contact",
    "duration",
    "frequency",
    "moment",
    "number",
    "person",
    "verdict",
    "steps",
]
"""What is wanted: an amount, a time, a person, a yes or no, a procedure."""


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """One kind of answer.

    Attributes:
        asks: matches questions that want it.
        shows: matches sentences that have it; None where no form shows it.
        spoken: index terms of a question that such an answer says without the word, as "cost" by an amount.
    """

    wanted: Wanted
    asks: re.Pattern[str]
    shows: re.Pattern[str] | None
    spoken: frozenset[str]


def kind_of_answer(question: str) -> AnswerKind | None:
    """The kind that a question wants; None where its words do not tell."""
    return next((kind for kind in _KINDS if kind.asks.search(question)), None)


def _words(*groups: str) -> str:
    return rf"\b(?:{'|'.join('|'.join(group.split()) for group in groups)})\b"


_NUMERAL = (
    r"(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty"
    r"|thirty|forty|sixty|ninety|few|half|several)"
)
_UNIT_OF_TIME = r"(?:ms|s|sec|seconds?|min|minutes?|h|hours?|days?|nights?|weeks?|months?|years?)"
_CLOCK = (
    r"\b\d{1,2}[:.]\d{2}\b",
    r"\b\d{1,2} ?(?:am|pm|o'clock)\b",
    r"\b\d{1,2} to \d{1,2}\b",
    r"[一二三四五六七八九十\d]+ ?[点时](?!间)",
)
_DAY = (
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
    _words("january february march april may june july august september october november december"),
    _words("midnight noon morning evening afternoon night daily"),
    r"\bday \d+",
    r"周[一二三四五六日末]|星期|月",
)
_SPAN = (
    rf"\b{_NUMERAL}(?: to \w+| or \w+| and a half)?(?: working| more| full)?[ -]?{_UNIT_OF_TIME}\b",
    r"[\d一二两三四五六七八九十百半几]+ ?(?:个?小时|分钟|秒|天|个?工作日|个?星期|周|个?月|年)",
)
_ROLES = (
    "owners? managers? officers? stewards? masters? teams? boards? desk staff offices? customers? parents? members?",
    "person persons people secretary director leaders? chairman chairwoman chairperson treasurers? drivers? captains?",
    "engineers? operators? technicians? recipients? senders? department company doctors? nurses? keepers? wardens?",
    "supervisors? users? buyers? sellers? tenants? landlord guests? reception",
)
_AUXILIARIES = "may can could must should shall do does did is are am was were will would has have"

_ASKED_AND_SHOWN: tuple[tuple[Wanted, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        "money",
        (
            r"\bhow much (?:is|are|does .{1,60} cost|do .{1,60} cost|extra|more|will .{1,40} cost|must)\b",
            r"\bhow much (?:would .{1,40} cost|do (?:i|we|you) (?:pay|owe|charge))\b",
            _words("cost costs price prices fee fees fare deposit owe expensive"),
            r"\b(?:charge for|pay for|(?:you|they) charge|(?:be|get|am|are) charged)\b",
            r"多少钱|什么价|价格|费用|收费|押金|多少元|几块|几元|罚款|赔多少",
        ),
        (
            r"[€$£¥]|\d ?%",
            _words("euros? eur cents? pounds? dollars? usd gbp chf francs? free"),
            r"\bno charge\b|\bwithout cost\b|\bpay half\b",
            r"[\d一二三四五六七八九十百千] ?(?:元|块|角)|免费|价的|不收",
        ),
        "cost price fee fare charge pay owe expensive much money deposit",
    ),
    (
        "temperature",
        (r"\bhow (?:hot|warm|cold|cool)\b|\btemperatures?\b|\bhow many degrees\b", r"温度|多少度|几度|多热|多冷"),
        (r"°|℃|\bdegrees?\b|度",),
        "hot warm cold cool temperature degree",
    ),
    (
        "weight",
        (r"\bhow heavy\b|\bweigh(?:s|t)?\b", r"多重|重量|净重|几公斤|多少(?:克|公斤|千克)"),
        (
            r"\d ?(?:kg|g|t|lbs?|oz|grams?|kilograms?|kilos?|tons?|tonnes?|pounds?)\b",
            r"公斤|千克|\d ?[克吨斤]",
        ),
        "heavy weigh weight 重 净",
    ),
    (
        "length",
        (
            r"\bhow (?:tall|wide|deep|high|thick|far)\b",
            _words("width height depth distance diameter"),
            r"多[高宽深厚远]|距离|直径",
        ),
        (
            r"\d(?:[.,]\d+)? ?-?(?:mm|cm|m|km|miles?|metres?|meters?|inch(?:es)?|feet|ft|kilometres?)\b",
            r"[\d一二三四五六七八九十百千] ?(?:毫米|厘米|公里|里|米)",
        ),
        "tall wide deep high thick far width height depth distance diameter 高 宽 深 厚 远",
    ),
    (
        "share",
        (r"\b(?:percentage|per ?cent|share of|portion of|proportion)\b|百分之几|百分比|比例",),
        (r"%|\bper ?cent\b|百分之|\bhalf\b|\bthird\b",),
        "percentage percent share portion proportion",
    ),
    (
        "contact",
        (
            r"\b(?:phone|telephone|e-?mail|website|web address|which number|what number)\b",
            r"\bnumber (?:do|should|can|shall) (?:i|we) (?:call|ring|dial)\b",
            r"\bwhom? (?:do|should|can) (?:i|we) (?:call|contact)\b",
            r"电话号码|电话是|邮箱|网址|内线",
        ),
        (r"@|\bwww\.|https?:|\+?\d[\d ()/-]{5,}|\b\d{3,}\b|热线",),
        "phone telephone email number call ring website",
    ),
    (
        "duration",
        (
            r"\bhow (?:long|soon|quickly|late|old|early|many (?:seconds|minutes|hours|days|weeks|months|years))\b",
            r"\bhow much time\b|\bwhat age\b",
            r"多久|多长时间|几[天个]?(?:小时|星期|工作日|月|年)|几天|多少[天年小分]|几岁|多大年纪|期限",
        ),
        (
            *_SPAN,
            *_CLOCK,
            *_DAY,
            r"\b\d+ or (?:older|over)\b|\bage of \d|\bat once\b|\bimmediately\b|\d ?岁",
        ),
        "long soon quickly late old age early time second minute hour day week month year 久 天",
    ),
    (
        "frequency",
        (r"\bhow often\b|\bhow (?:many|frequently) times\b", r"多少次|几次|多经常|隔多久"),
        (
            _words("daily weekly monthly yearly annually once twice each every"),
            r"\btimes a\b|\bper (?:day|week|month|year)\b|每|次",
            *_SPAN,
        ),
        "often frequently times",
    ),
    (
        "moment",
        (
            r"(?:^|[.!?,:;] *|\b(?:and|so|but|know|tell me|say) )when\b|\bsince when\b",
            r"\b(?:what|which) (?:time|date|day|month|hour|year)\b|\b(?:opening|closing) (?:hours|times?)\b",
            r"什么时[候间]|几点|何时|哪天|哪一天|星期几|几月|开放时间|时间",
        ),
        (*_CLOCK, *_DAY, *_SPAN, _words("after before until once whenever from while if"), r"\bas soon as\b|[后前时]"),
        "when time date day month hour year",
    ),
    (
        "number",
        (
            r"\bhow (?:many|much|large|big|fast|loud)\b|\bmaximum\b",
            r"\bwhat (?:size|speed|voltage|capacity|rate|score|pressure|humidity|number|age)\b",
            r"多少|几|多[大快]",
        ),
        (
            r"\d",
            _words("one two three four five six seven eight nine ten eleven twelve fourteen fifteen twenty thirty"),
            r"[一二两三四五六七八九十百千]",
        ),
        "many much large big fast loud number maximum",
    ),
    (
        "person",
        (r"^(?:\W|and |so |but )*(?:who|whom|whose)\b|\bname of the\b|谁|哪位|叫什么名",),
        (
            r"\b(?:Dr|Mr|Mrs|Ms|Prof)\b|(?-i:\b[A-Z][a-z]+ [A-Z][a-z]+\b)",
            _words(*_ROLES),
            r"[员长师组部人者](?!间)",
        ),
        "",
    ),
    (
        "verdict",
        (
            rf"(?:^|[.!?,] +)(?:so |and |but |please )?{_words(_AUXILIARIES)}",
            r"\b(?:allowed|permitted|forbidden|compulsory|obligatory|possible) (?:to|for)\b",
            r"\bis it (?:ok|okay|allowed|possible|forbidden)\b",
            r"吗|能不能|可不可以|可以|是否|会不会|要不要|允许",
        ),
        (),
        "may can must allowed permitted forbidden possible ok",
    ),
    (
        "steps",
        (
            r"\bhow (?:do|can|should|to|would|must)\b|\bwhat (?:should|can|do|must) (?:i|we|you|one) do\b",
            r"\bwhat to do\b|\bsteps?\b",
            r"怎么|如何|怎样|步骤|应该",
        ),
        (),
        "do steps step",
    ),
)
_KINDS = tuple(
    AnswerKind(
        wanted,
        re.compile("|".join(asks), re.IGNORECASE),
        re.compile("|".join(shows), re.IGNORECASE) if shows else None,
        frozenset(term for word in spoken.split() for term in terms_of(word)),
    )
    for wanted, asks, shows, spoken in _ASKED_AND_SHOWN
)
