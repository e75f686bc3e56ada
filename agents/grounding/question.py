"""A question as evidence is held against it: its content terms, what kind of answer it wants, what form it has."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from agents.grounding.polarity import permits_or_forbids
from edge.kernel.grounding import codes, plain
from edge.kernel.text_analysis import terms_of
from memory.embedding.word_pieces import load_word_pieces

Wanted = Literal[
    "money", "duration", "moment", "temperature", "weight", "length", "share", "contact", "number", "person", "verdict", "steps"
]
"""What kind of answer a question wants, where its words tell."""

_HYPHENS = {ord(hyphen): "-" for hyphen in "\u2010\u2011\u2012\ufe63\uff0d"} | {0xAD: None}
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_CLOCK = (
    r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?(?:am|pm|o'clock)\b|[一二三四五六七八九十\d]+ ?[点时](?!间)|\b\d{1,2} to \d{1,2}\b"
)
_DAY = (
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december)\b|\b(?:midnight|noon|morning|evening|afternoon|night)\b|\bdaily\b"
    r"|周[一二三四五六日末]|星期|月|\bday \d+|\b\d+(?:st|nd|rd|th)?(?= day\b)"
)
_SPAN = (
    r"\b(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|thirty"
    r"|forty|sixty|ninety|few|half|several)(?: to \w+| or \w+| and a half)?(?: working| more| full)?[ -]?"
    r"(?:ms|s|sec|seconds?|min|minutes?|h|hours?|days?|nights?|weeks?|months?|years?)\b"
    r"|[\d一二两三四五六七八九十百半几]+ ?(?:个?小时|分钟|秒|天|个?工作日|个?星期|周|个?月|年)"
)
_OFTEN = (
    r"\b(?:daily|weekly|monthly|yearly|annually|once|twice|times a|every|each|per (?:day|week|month|year))\b|每|次"
)
_FIGURE = r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|thirty|hundred)\b"
_FIGURE_ZH = r"|[一二两三四五六七八九十百千]"
_WANTED: tuple[tuple[Wanted, str, str, str], ...] = (
    (
        "money",
        r"\bhow much (?:is|are|does .{1,60} cost|do .{1,60} cost|extra|more|will .{1,40} cost|would .{1,40} cost|must"
        r"|do (?:i|we|you) (?:pay|owe|charge))\b|\b(?:cost|costs|price|prices|fee|fees|fare|charge for|(?:you|they) charge|(?:be|get|am|are) charged|deposit"
        r"|pay for|owe|expensive)\b|多少钱|什么价|价格|费用|收费|押金|多少元|几块|几元|罚款|赔多少",
        r"[€$£¥]|\b(?:euros?|eur|cents?|pounds?|dollars?|usd|gbp|chf|francs?)\b|[\d一二三四五六七八九十百千] ?(?:元|块|角)"
        r"|\bfree\b|免费|\bno charge\b|without cost|价的|\d ?%|\bpay half\b|不收",
        "cost price fee fare charge pay owe expensive much money refund deposit 多少 少钱 价格 费用 收费 赔多",
    ),
    (
        "temperature",
        r"\bhow (?:hot|warm|cold|cool)\b|\btemperatures?\b|\bhow many degrees\b|温度|多少度|几度|多热|多冷|水温",
        r"°|℃|\bdegrees?\b|度",
        "hot warm cold cool temperature degree 温度 多少 少度 水温",
    ),
    (
        "weight",
        r"\bhow heavy\b|\bweigh(?:s|t)?\b|多重|重量|净重|几公斤|多少(?:克|公斤|千克)",
        r"\d ?(?:kg|g|t|lbs?|oz|grams?|kilograms?|kilos?|tons?|tonnes?|pounds?)\b|公斤|千克|\d ?[克吨斤]",
        "heavy weigh weight 多重 重量 净重",
    ),
    (
        "length",
        r"\bhow (?:tall|wide|deep|high|thick|far)\b|\b(?:width|height|depth|distance|diameter)\b|多[高宽深厚远]|距离|直径",
        r"\d(?:[.,]\d+)? ?-?(?:mm|cm|m|km|miles?|metres?|meters?|inch(?:es)?|feet|ft|kilometres?)\b|[米厘毫里]",
        "tall wide deep high thick far width height depth distance diameter 距离 直径",
    ),
    (
        "share",
        r"\b(?:percentage|per ?cent|share of|portion of|proportion)\b|百分之几|百分比|比例",
        r"%|\bper ?cent\b|百分之|\bhalf\b|\bthird\b",
        "percentage percent share portion proportion 百分",
    ),
    (
        "contact",
        r"\b(?:phone|telephone|e-?mail|website|web address|number (?:do|should|can|shall) (?:i|we) (?:call|ring|dial)"
        r"|which number|what number|whom? (?:do|should|can) (?:i|we) (?:call|contact))\b|电话号码|电话是|邮箱|网址|内线",
        r"@|\bwww\.|https?:|\+?\d[\d ()/-]{5,}|\b\d{3,}\b|热线",
        "phone telephone email number call ring website 电话 邮箱",
    ),
    (
        "duration",
        r"\bhow (?:long|soon|quickly|late|old|early|many (?:seconds|minutes|hours|days|weeks|months|years))\b|\bhow much time\b"
        r"|\bwhat age\b|多久|多长时间|几[天个]?(?:小时|星期|工作日|月|年)|几天|多少[天年小分]|几岁|多大年纪|期限",
        f"{_SPAN}|{_CLOCK}|{_DAY}|\\b\\d+ or (?:older|over)\\b|\\bat once\\b|\\bimmediately\\b|\\d ?岁|\\bage of \\d|\\bday \\d",
        "long soon quickly late old age early time second minute hour day week month year 多久 几天",
    ),
    (
        "moment",
        r"\bhow often\b|\bhow (?:many|frequently) times\b|多少次|几次|多经常|隔多久",
        f"{_OFTEN}|{_SPAN}",
        "often frequently times 多久",
    ),
    (
        "moment",
        r"(?:^|[.!?,:;] *|\b(?:and|so|but|know|tell me|say) )when\b|\b(?:what|which|at what) (?:time|date|day|month|hour|year)\b|\b(?:opening|closing) (?:hours|times?)\b|\bsince when\b"
        r"|什么时[候间]|几点|何时|哪天|哪一天|星期几|几月|开放时间|时间",
        f"{_CLOCK}|{_DAY}|{_SPAN}|\\b(?:after|before|until|as soon as|once|whenever|from|while|if)\\b|[后前时]",
        "when time date day month hour year 时候 什么 几点 何时 时间",
    ),
    (
        "number",
        r"\bhow (?:many|much|large|big|fast|loud)\b|\bwhat (?:size|speed|voltage|capacity|rate|score|pressure|humidity|number|age)\b"
        r"|\bmaximum\b|多少|几|多[大快]",
        _FIGURE + _FIGURE_ZH,
        "many much large big fast loud number maximum 多少 几本 几个",
    ),
    (
        "person",
        r"^(?:\W|and |so |but )*(?:who|whom|whose)\b|\bname of the\b|谁|哪位|叫什么名",
        r"\b(?:Dr|Mr|Mrs|Ms|Prof)\b|\b[A-Z][a-z]+ [A-Z][a-z]+\b|\b(?:owners?|managers?|officers?|stewards?|masters?|teams?"
        r"|boards?|desk|staff|offices?|customers?|parents?|members?|person|persons|people|secretary|director|leaders?"
        r"|chair(?:man|woman|person)|treasurers?|drivers?|captains?|engineers?|operators?|technicians?|recipients?|senders?"
        r"|department|group|company|adults?|doctors?|nurses?|keepers?|wardens?|supervisors?|head|user|users|buyer"
        r"|sellers?|tenants?|landlord|guests?|reception)\b|[员长师组部人者](?![间])",
        "",
    ),
    (
        "verdict",
        r"(?:^|[.!?,] +)(?:so |and |but |please )?(?:may|can|could|must|should|shall|do|does|did|is|are|am|was|were|will|would|has|have)\b"
        r"|\b(?:allowed|permitted|forbidden|compulsory|obligatory|possible) (?:to|for)\b|\bis it (?:ok|okay|allowed|possible|forbidden)"
        r"|吗|能不能|可不可以|可以|是否|会不会|要不要|允许",
        "",
        "may can must allowed permitted forbidden possible ok 可以 允许 能不",
    ),
    (
        "steps",
        r"\bhow (?:do|can|should|to|would|must)\b|\bwhat (?:should|can|do|must) (?:i|we|you|one) do\b|\bwhat to do\b|\bsteps?\b"
        r"|怎么|如何|怎样|步骤|应该",
        "",
        "do steps step 怎么 如何 怎样 步骤",
    ),
)
_COMPILED = tuple(
    (
        kind,
        re.compile(asks, re.IGNORECASE),
        re.compile(has, re.IGNORECASE) if has else None,
        frozenset(term for word in words.split() for term in terms_of(word)),
    )
    for kind, asks, has, words in _WANTED
)
_RARE_ENOUGH, _FEW_BESIDE = 0.55, 2
_COUNTED = re.compile(r"\bhow many ([a-z]+)", re.IGNORECASE)
_ASKS = re.compile(
    r"[?？]|^\W*(?:(?:and|but|so|ok|okay|please|hi|hello|hey)\b[ ,]*)*(?:who|whom|whose|what|whats|which|when|where|why|how"
    r"|may|can|could|must|should|shall|do|does|did|is|are|am|was|were|will|would|has|have|tell me|explain|describe"
    r"|summari[sz]e|compare|define|find|look up|according to|i (?:want|need|would like) to know)\b"
    r"|\b(?:what|how|whether|when|where|who)\b|吗|呢|什么|怎么|怎样|如何|多少|多久|几|哪|谁|为何|是否|请问|介绍|总结|比较|区别",
    re.IGNORECASE,
)
# Words that frame a question about documents and that say nothing of its subject.
_FRAME = frozenset(
    terms_of(
        "according document documents manual handbook text tell say says said please know explain describe happen mean"
        " want need thing things kind sort exactly much many long often get got go am does thanks summarise summarize"
        " difference between compare mention about any anything there"
    )
)
_FRAME_ZH = re.compile(
    r"请问|告诉我|什么时候|什么时间|什么|多少钱|多少|多久|怎么样|怎么办|怎么|怎样|如何|为什么|哪里|哪儿|哪些|哪个|几|吗|呢|吧|可以|能不能|能|会|要|是否|一下|总结|介绍|文档|根据|手册"
)
_ALIKE_ZH = (
    "周 星期 礼拜",
    "开放 开门 营业 开馆 上班",
    "闭馆 关门 打烊 停业 休息 下班",
    "遗失 弄丢 丢失 丢了 不见了",
    "损坏 弄坏 坏了 破损",
    "儿童 小孩子 小孩 孩子 小朋友",
    "费用 收费 价格 价钱 多少钱",
    "吃东西 吃饭 饮食 用餐 进食",
    "带 携带",
    "外借 借走 借回家 带回家 借出",
    "位置 地点 在哪里 在哪儿",
    "图书 书籍",
    "取消 退订",
    "退还 退回 返还 退款 退钱",
    "最多 至多 上限 不超过 最大",
    "至少 最少 最低 不少于 下限",
    "更换 替换 调换",
    "维修 修理 检修",
    "温度 气温 水温",
    "故障 毛病 出错 错误",
    "迟到 晚到 来晚",
    "狗 犬",
    "员工 职工 工作人员",
    "关闭 关掉 关机",
    "启动 开启 开机 打开",
)
_CANONICAL = {word: words.split()[0] for words in _ALIKE_ZH for word in words.split()}
_ALIKE = re.compile("|".join(sorted(_CANONICAL, key=len, reverse=True)))
_PARTS = re.compile(r"[a-z]+")
_STOP_ZH = re.compile("[ 的了吗呢吧啊是在和与或我你它们这那个么什怎请有就把给被到从对上下里中]")
_WORD = re.compile(r"[a-z0-9]+(?:[._'/-]?[a-z0-9]+)*|[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Term:
    """A content term of a question.

    Attributes:
        name: as `terms_of` gives it.
        word: as it stands there, lower case; empty for Chinese.
        rarity: in the language at large, 0 (everywhere) to 1.
        code: whether it has both letters and digits, or digits alone.
        answered: whether an answer of the wanted kind says it without the word.
        pairs: of a Chinese character: the pairs that it forms with those beside it.
        run: number of the run of Chinese characters that it stands in; -1 for a word.
    """

    name: str
    word: str
    rarity: float
    code: bool = False
    answered: bool = False
    pairs: tuple[str, ...] = ()
    run: int = -1


@dataclass(frozen=True, slots=True)
class Question:
    """A message as a question.

    Attributes:
        terms: distinct, in order.
        wanted: the kind of answer; None where the words do not tell.
        asks: whether it has the form of a question.
        chinese: whether it is in Chinese.
        codes: the codes in it, as written.
        counted: names of the terms of which a number is asked for, such as those of "watts" in "how many watts".
    """

    text: str
    terms: tuple[Term, ...]
    wanted: Wanted | None
    asks: bool
    chinese: bool
    codes: tuple[str, ...]
    counted: tuple[str, ...] = ()
    _answers: tuple[re.Pattern[str], ...] = ()

    @property
    def wants_figure(self) -> bool:
        """Whether an answer is recognised by what it has, such as an amount or a date; else it may be any sentence."""
        return self.wanted not in (None, "verdict", "steps")

    def is_answered_in_kind(self, text: str) -> bool:
        """Whether a text has something of the wanted kind, such as an amount of money; True where none is wanted."""
        if self.wanted == "verdict":
            return permits_or_forbids(text)
        return all(pattern.search(text) for pattern in self._answers)


@lru_cache(maxsize=256)
def read_question(text: str) -> Question:
    """Read a message of any kind as a question."""
    asked = with_plain_hyphens(text)
    counts = _COUNTED.search(asked)
    kind = next(((kind, has, words) for kind, asks, has, words in _COMPILED if asks.search(asked)), None)
    spoken = kind[2] if kind else frozenset[str]()
    terms = dict[str, Term]()
    for term in _terms(asked):
        if term.name not in _FRAME:
            answered = term.name in spoken
            terms.setdefault(term.name, replace(term, answered=answered))
    return Question(
        text,
        tuple(terms.values()),
        kind[0] if kind else None,
        bool(_ASKS.search(asked)),
        bool(_CHINESE.search(asked)),
        tuple(asked[start:end] for start, end, _ in codes(asked)),
        tuple(terms_of(counts[1])) if counts else (),
        (kind[1],) if kind and kind[1] else (),
    )


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """A text in lower case with ASCII digits, and Chinese words of one meaning written alike."""
    return _ALIKE.sub(lambda found: _CANONICAL[found[0]], with_plain_hyphens(text).lower())


def with_plain_hyphens(text: str) -> str:
    """A text with ASCII digits and ASCII hyphens: some documents keep a code together by a hyphen that never breaks."""
    return plain(text.translate(_HYPHENS))


def _terms(text: str) -> list[Term]:
    found: list[Term] = []
    runs = 0
    for word in _WORD.findall(canonical(text)):
        if word[0] >= "\u3400":
            for part in filter(None, _STOP_ZH.split(_FRAME_ZH.sub(" ", word))):
                pairs = ["", *(part[at : at + 2] for at in range(len(part) - 1)), ""]
                for at, letter in enumerate(part):
                    found.append(Term(letter, "", 0.5, pairs=tuple(filter(None, pairs[at : at + 2])), run=runs))
                runs += 1
        else:
            names = terms_of(word)
            coded = any(letter.isdigit() for letter in word)
            if coded:
                found.append(Term(names[0], word, 1.0, code=True))
                continue
            for part in _PARTS.findall(word):
                found += [Term(name, part, background_rarity(part)) for name in terms_of(part)]
    return found


@lru_cache(maxsize=8192)
def background_rarity(word: str) -> float:
    """How rare an English word is in general, 0 to 1, by its place among the commonest; 1 for one not among them."""
    pieces = load_word_pieces()
    place = pieces.commonness(word) if pieces else None
    return 1.0 if place is None else min(1.0, 0.15 + 0.85 * math.log1p(place / 60) / math.log1p(28_000 / 60))


def names_subject(question: Question, code: str) -> bool:
    """Whether a question is about this code, rather than mentioning it beside its subject, as in "with Windows-11"."""
    if re.search(rf"\b(?:of|does|is|are)(?: the| an?)? {re.escape(code)}|^\W*{re.escape(code)}\W", question.text, re.I):
        return True
    parts = set(terms_of(code))
    return sum(term.name not in parts and term.rarity > _RARE_ENOUGH for term in question.terms) <= _FEW_BESIDE


def words_of_text(text: str) -> Sequence[tuple[str, str]]:
    """(term, word) of each word of a text."""
    return _words_of_text(text)


@lru_cache(maxsize=4096)
def _words_of_text(text: str) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for word in _WORD.findall(canonical(text)):
        if word[0] >= "\u3400":
            for name in terms_of(word):
                found[name, ""] = None
        else:
            for name in terms_of(word):
                found[name, ""] = None
            for part in _PARTS.findall(word):
                for name in terms_of(part):
                    found[name, part] = None
    return tuple(found)
