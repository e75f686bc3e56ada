"""A message as evidence is held against it: its content terms, and what kind of answer it wants."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from agents.grounding.kinds import AnswerKind, Wanted, kind_of_answer
from agents.grounding.polarity import permits_or_forbids
from edge.kernel.folding import fold_case
from edge.kernel.grounding import codes, plain
from edge.kernel.text_analysis import terms_of
from memory.embedding.word_pieces import load_word_pieces

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_COUNTED = re.compile(r"\bhow many ([a-z]+)", re.IGNORECASE)
_ASKS = re.compile(
    r"[?？]|^\W*(?:(?:and|but|so|ok|okay|please|hi|hello|hey)\b[ ,]*)*(?:who|whom|whose|what|whats|which|when|where|why"
    r"|how|may|can|could|must|should|shall|do|does|did|is|are|am|was|were|will|would|has|have|tell me|explain|describe"
    r"|summari[sz]e|compare|define|find|look up|according to|i (?:want|need|would like) to know)\b"
    r"|\b(?:what|how|whether|when|where|who)\b|吗|呢|什么|怎么|怎样|如何|多少|多久|几|哪|谁|为何|是否|请问|介绍|总结"
    r"|比较|区别",
    re.IGNORECASE,
)
_FRAME = frozenset(
    terms_of(
        "according document documents manual handbook text tell say says said please know explain describe happen mean"
        " want need thing things kind sort exactly much many long often get got go am does thanks summarise summarize"
        " difference between compare mention about any anything there"
    )
)
"""Terms that frame a question about documents and say nothing of its subject."""
_FRAME_ZH = re.compile(
    r"请问|告诉我|什么时候|什么时间|什么|多少钱|多少|多久|怎么样|怎么办|怎么|怎样|如何|为什么|哪里|哪儿|哪些|哪个|几|吗|呢"
    r"|吧|可以|能不能|能|会|要|是否|一下|总结|介绍|文档|根据|手册"
)
_STOP_ZH = re.compile("[ 的了吗呢吧啊是在和与或我你它们这那个么什怎请有就把给被到从对上下里中]")
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
"""Common Chinese words of one meaning: the embedder's word pieces know English only."""
_CANONICAL = {word: words.split()[0] for words in _ALIKE_ZH for word in words.split()}
_ALIKE = re.compile("|".join(sorted(_CANONICAL, key=len, reverse=True)))
_WORD = re.compile(r"[a-z0-9]+(?:[._'/-]?[a-z0-9]+)*|[\u3400-\u9fff]+")
_PARTS = re.compile(r"[a-z]+")

_MEANS = re.compile(r"\bmeans?\b|\bmeaning\b|\bstands? for\b|什么意思|是什么|什么故障|什么错误", re.IGNORECASE)
_SUBJECT = (
    r"\b(?:of|does|is|are|codes?|errors?|faults?|alarms?|messages?|shows?|showing|displays?|displaying|reports?|indicates?"
    r"|flash(?:es)?|blinks?|sees?|gets?|got|throws?)(?: the| an?| me| us| code| error| fault| alarm| message)* {code}\b"
    r"|(?:显示|出现|提示|报警|报错|报|代码|错误|故障)[:：\s]*{code}|^\W*{code}(?:\W|$)"
)
_CIRCUMSTANCE = (
    r"\b(?:with|under|using|running|alongside|beside|besides|next to|in combination with|together with)"
    r"(?: (?!{code})[\w'-]+){{0,3}} {code}\b"
)
"""What the subject is used with, which the documents need not know."""

_LONGEST = 4000
"""Characters."""
_RARITY_OF_CHARACTER = 0.5
_COMMONEST, _WORDS_KNOWN, _LEAST_RARITY = 60, 28_000, 0.15
_RARE_ENOUGH, _FEW_BESIDE = 0.55, 2
"""A question with at most so many rarer words beside a code is about the code."""


@dataclass(frozen=True, slots=True)
class Term:
    """A content term of a question.

    Attributes:
        name: as `terms_of` gives it; a single Chinese character.
        word: as it stands there, lower case; empty for Chinese.
        rarity: in the language at large, 0 (everywhere) to 1.
        code: whether it has a digit.
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
        kind: the kind of answer it wants; None where the words do not tell.
        asks: whether it has the form of a question.
        chinese: whether it has Chinese characters.
        codes: the codes in it, as written.
        counted: names of the terms of which a number is asked for, such as those of "watts" in "how many watts".
    """

    text: str
    terms: tuple[Term, ...]
    kind: AnswerKind | None
    asks: bool
    chinese: bool
    codes: tuple[str, ...]
    counted: tuple[str, ...]

    @property
    def wanted(self) -> Wanted | None:
        """The name of the kind of answer."""
        return self.kind.wanted if self.kind else None

    @property
    def wants_figure(self) -> bool:
        """Whether an answer is recognised by what it has, such as an amount or a date; else it may be any sentence."""
        return self.kind is not None and self.kind.shows is not None

    def is_answered_in_kind(self, text: str) -> bool:
        """Whether a text has something of the wanted kind, such as an amount of money; True where none is wanted."""
        if self.wanted == "verdict":
            return permits_or_forbids(text)
        return self.kind is None or self.kind.shows is None or bool(self.kind.shows.search(text))


@lru_cache(maxsize=256)
def read_question(text: str) -> Question:
    """Read a message of any kind as a question; of a very long one its beginning."""
    text = text[:_LONGEST]
    asked = plain(text)
    counted, kind = _COUNTED.search(asked), kind_of_answer(asked)
    terms = dict[str, Term]()
    for term in _terms(asked):
        if term.name not in _FRAME:
            terms.setdefault(term.name, replace(term, answered=kind is not None and term.name in kind.spoken))
    return Question(
        text,
        tuple(terms.values()),
        kind,
        bool(_ASKS.search(asked)),
        is_chinese(asked),
        tuple(asked[start:end] for start, end, _ in codes(asked)),
        tuple(terms_of(counted[1])) if counted else (),
    )


def names_subject(question: Question, code: str) -> bool:
    """Whether a question is about this code, rather than mentioning it beside its subject, as in "with Windows-11"."""
    written, text = re.escape(code), plain(question.text)
    if _MEANS.search(text) or re.search(_SUBJECT.format(code=written), text, re.IGNORECASE):
        return True
    parts = set(terms_of(code))
    beside = sum(term.name not in parts and term.rarity > _RARE_ENOUGH for term in question.terms)
    few = 0 if re.search(_CIRCUMSTANCE.format(code=written), text, re.IGNORECASE) else _FEW_BESIDE
    return beside <= few


def is_chinese(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return bool(_CHINESE.search(text))


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """A text as `fold_case` gives it, and Chinese words of one meaning written alike."""
    return _ALIKE.sub(lambda found: _CANONICAL[found[0]], fold_case(plain(text)))


@lru_cache(maxsize=4096)
def words_of_text(text: str) -> Sequence[tuple[str, str]]:
    """(term, word) of each word of a text, once; the word is empty for Chinese and for codes."""
    found: dict[tuple[str, str], None] = {}
    for word in _WORD.findall(canonical(text)):
        found.update(((name, ""), None) for name in terms_of(word))
        if word[0] < "\u3400":
            found.update(((name, part), None) for part in _PARTS.findall(word) for name in terms_of(part))
    return tuple(found)


@lru_cache(maxsize=8192)
def background_rarity(word: str) -> float:
    """How rare an English word is in general, 0 to 1, by its place among the commonest; 1 for one not among them."""
    pieces = load_word_pieces()
    place = pieces.commonness(word) if pieces else None
    if place is None:
        return 1.0
    share = math.log1p(place / _COMMONEST) / math.log1p(_WORDS_KNOWN / _COMMONEST)
    return min(1.0, _LEAST_RARITY + (1.0 - _LEAST_RARITY) * share)


def _terms(text: str) -> list[Term]:
    found: list[Term] = []
    runs = 0
    for word in _WORD.findall(canonical(text)):
        if word[0] >= "\u3400":
            for run in filter(None, _STOP_ZH.split(_FRAME_ZH.sub(" ", word))):
                found += _characters(run, runs)
                runs += 1
        elif any(letter.isdigit() for letter in word):
            found += [Term(name, word, 1.0, code=True) for name in terms_of(word)[:1]]
        else:
            for part in _PARTS.findall(word):
                found += [Term(name, part, background_rarity(part)) for name in terms_of(part)]
    return found


def _characters(run: str, number: int) -> list[Term]:
    pairs = ["", *(run[at : at + 2] for at in range(len(run) - 1)), ""]
    return [
        Term(letter, "", _RARITY_OF_CHARACTER, pairs=tuple(filter(None, pairs[at : at + 2])), run=number)
        for at, letter in enumerate(run)
    ]
