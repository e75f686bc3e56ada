"""How well the passages answer a message of any kind: which of their sentences comes nearest, and how sure that is.

Words decide, those of like meaning included, by sentence: what a question asks must stand in one place, with its
headings. Embedding the sentences as well moved 2 of 145 questions and took 40 ms, so it is not done.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.grounding.matching import Covered, cover, weight
from agents.grounding.places import Place
from agents.grounding.question import Question, canonical, is_chinese, names_subject, read_question
from agents.grounding.relevance import Found, Rarity
from agents.grounding.tables import rows_that_say_so
from agents.grounding.widening import widen
from edge.kernel.text_analysis import terms_of
from memory.documents.passages import Passage

ANSWER, NEAR = 0.6, 0.24
"""Least confidence of an answer, and of what comes near one; from `tests/bench/answers.py`."""

_OWN, _MISSING, _IN_KIND, _DECIDES, _SCORE, _SIMILAR = 0.1, 0.5, 0.18, 0.07, 0.2, 0.9
_STEP, _FOREIGN, _CODE = 0.15, 0.1, 0.15
"""Worth of a sentence beside its coverage, 1.0; chosen on the questions of `tests/bench/answers_questions.jsonl`."""

_INTERCEPT = 0.32
_WEIGHTS = {
    "covered": 1.46,
    "missing": -1.7,
    "own": 0.91,
    "margin": 1.75,
    "unheard": -1.24,
    "disagreed": -0.77,
    "misfit": -1.52,
    "unknown_code": -0.99,
    "similarity": 0.27,
    "chinese": -0.41,
    "one_term": 0.37,
}
"""Logistic regression on the questions of `tests/bench`; each signal is 0 to 1."""

_UNASKED, _ORDERED, _LISTED = -1.0, -4.5, -1.5
"""Added where the message has not the form of a question, is an order, or asks to be shown something."""
_MOST_OF_UNKNOWN_SUBJECT = _MOST_OF_LITTLE = 0.2
"""Most confidence where the question is about a code that no document has; where nothing covers much of it."""
_UNMISTAKABLE, _MOST_OF_MISFIT = ("money", "temperature", "weight", "length", "share", "contact"), 0.5
"""Most confidence where such an answer is asked for and neither the sentence nor its paragraph has one."""
_BY_TABLE = 0.75
"""Least confidence where rows of a table say yes or no to what is asked."""
_LEAST_COVERAGE = 0.12
_NUMBERED = re.compile(r"\s*\d{1,2}[.)、]\s")
_ENGLISH_BY_DEFAULT = 0.45
_RUNNER_UP = 3

_TALK = re.compile(
    r"\W*(?:(?:yes|yeah|yep|no|nope|ok|okay|sure|thanks?|thank you|thx|hello|hi|hey|bye|goodbye|please|great|fine|cool"
    r"|good (?:morning|evening|afternoon|night)|perfect|sorry|never ?mind|go on|continue|a lot|very much|there|you"
    r"|so much)\b\W*)+"
    r"|\W*(?:好的?|是的?|对|不是?|不用了?|谢谢(?:你|您|了)?|你好|您好|早上好|晚上好|再见|继续|可以|行|嗯|没事了?)"
    r"[吧啊的了！!。.，,]*",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\W*(?:(?:please|now|ok|okay|and|then|no|yes|so|could you|can you|would you|just)\b[\s,]*)*"
    r"(?:cancel|abort|undo|redo|stop|pause|resume|promote|demote|roll(?: ?back)?|rollback|revert|deploy|release"
    r"|register|create|delete|remove|drop|add|set|change|update|upgrade|move|run|start|restart|reboot|launch|evaluate|approve"
    r"|reject|deny|grant|revoke|delegate|canary|put|make|give|take|let|train|rename|assign|enrol|enroll|enable|disable"
    r"|limit|raise|lower|increase|decrease|switch|turn|send|shift|route|scale|recreate|record|schedule|halt|kill"
    r"|retire|archive|tag|finish|complete|hold|keep|ask|write|sing|play|book|buy|translate|i want you to)\b"
    r"|\W*(?:请|帮我|现在)?(?:把|将|暂停|回滚|恢复|批准|拒绝|创建|删除|添加|设置|修改|启动|停止|重启|部署|注册|取消|撤销"
    r"|继续|中止|提升|灰度|让|重建|委托|限制|评测|记录|发布|写|唱)",
    re.IGNORECASE,
)
_ANSWERS_BACK = re.compile(
    r"\W*(?:yes|no|ok|okay|the (?:first|second|third|last|other)(?: one)?|not that one)\b|第[一二三四五两]个",
    re.IGNORECASE,
)
_SHOW = re.compile(
    r"\W*(?:please )?(?:show|list|display|give me|get|print)\b|\W*(?:请)?(?:列出|显示|查看|给我看)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the documents have on a message.

    Attributes:
        level: whether the best sentence answers it, comes near, or has nothing to do with it.
        confidence: 0 to 1 that it answers; `ANSWER` and `NEAR` part the levels.
        passage: index of the passage with the best sentence; None where there is none.
        place: that sentence.
    """

    level: Found
    confidence: float
    passage: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """A sentence with its worth as an answer beside the others; comparable within one question only."""

    worth: float
    covered: Covered


def assess_evidence(question: str, passages: Sequence[Passage], rarity: Rarity) -> Evidence:
    """Judge how well the passages answer a message: a question, an order, small talk.

    Args:
        question: standing alone, in English or Chinese.
        passages: best first.
        rarity: of all terms of the question.
    """
    asked = read_question(question)
    if not passages or not asked.terms or _TALK.fullmatch(asked.text):
        return Evidence("nothing", 0.0)
    ranked = rank_sentences(asked, passages, rarity)
    if not ranked:
        return Evidence("nothing", 0.0)
    best = ranked[0].covered
    signals = _signals(asked, ranked, passages, rarity)
    logit = _INTERCEPT + sum(_WEIGHTS[name] * value for name, value in signals.items()) + _by_form(asked)
    confidence = 1.0 / (1.0 + math.exp(-logit))
    if signals["unknown_code"] and any(names_subject(asked, code) for code in _unknown_codes(asked, passages, rarity)):
        confidence = min(confidence, _MOST_OF_UNKNOWN_SUBJECT)
    if asked.wanted in _UNMISTAKABLE and not _has_kind(asked, best, passages[best.passage]):
        confidence = min(confidence, _MOST_OF_MISFIT)
    if best.coverage < _LEAST_COVERAGE:
        confidence = min(confidence, _MOST_OF_LITTLE)
    if rows := rows_that_say_so(asked, passages):
        return Evidence("answer", max(confidence, _BY_TABLE), *rows[0])
    level: Found = "answer" if confidence >= ANSWER else "near" if confidence >= NEAR else "nothing"
    return Evidence(level, confidence, best.passage, best.place)


def rank_sentences(question: Question, passages: Sequence[Passage], rarity: Rarity) -> list[RankedSentence]:
    """The sentences of the passages by how likely they answer, best first."""
    found = [
        RankedSentence(_worth(question, one, passages[one.passage]), one) for one in cover(question, passages, rarity)
    ]
    return sorted(found, key=lambda one: (-one.worth, one.covered.passage, one.covered.place.start))


def _worth(question: Question, one: Covered, passage: Passage) -> float:
    return (
        one.coverage
        + _OWN * one.own
        - _MISSING * one.missing
        + _IN_KIND * (question.wants_figure and one.in_kind)
        + _DECIDES * (question.wanted == "verdict" and one.in_kind)
        + _SCORE * passage.score
        + _SIMILAR * (0.0 if question.chinese else passage.similarity or 0.0)
        + _STEP * (question.wanted == "steps" and bool(_NUMBERED.match(one.place.text)))
        - _FOREIGN * (question.chinese != is_chinese(one.place.text))
        - _CODE * (one.place.kind == "code" and question.wanted != "steps")
    )


def _signals(
    question: Question, ranked: Sequence[RankedSentence], passages: Sequence[Passage], rarity: Rarity
) -> dict[str, float]:
    best, passage = ranked[0].covered, passages[ranked[0].covered.passage]
    weights = [weight(term, rarity) for term in question.terms]
    unheard = sum(
        share
        for term, share in zip(question.terms, weights, strict=True)
        if term.run < 0 and not rarity.frequencies.get(term.name, 0)
    )
    before = sum((other.lexical or 0.0) > (passage.lexical or 0.0) for other in passages)
    if not question.chinese:
        before += sum((other.similarity or 0.0) > (passage.similarity or 0.0) for other in passages)
    return {
        "covered": best.coverage * (1.0 - best.missing),
        "missing": best.missing,
        "own": best.own,
        "margin": min(0.5, ranked[0].worth - ranked[min(_RUNNER_UP, len(ranked) - 1)].worth),
        "unheard": unheard / max(sum(weights), 1e-9),
        "disagreed": min(4, before) / 4,
        "misfit": float(question.wants_figure and not best.in_kind),
        "unknown_code": float(bool(_unknown_codes(question, passages, rarity))),
        "similarity": _ENGLISH_BY_DEFAULT if question.chinese else passage.similarity or 0.0,
        "chinese": float(question.chinese),
        "one_term": float(len(question.terms) == 1),
    }


def _has_kind(question: Question, one: Covered, passage: Passage) -> bool:
    start, end = widen(passage.text, one.place.start, one.place.end)
    return one.in_kind or question.is_answered_in_kind(passage.text[start:end])


def _unknown_codes(question: Question, passages: Sequence[Passage], rarity: Rarity) -> list[str]:
    """The codes of the question, such as "E-F071", that no document has. Words at a code's end may be anything."""
    unknown: list[str] = []
    for code in question.codes:
        stem = re.sub(r"(?:[-_][A-Za-z]+)+$", "", code)
        names = {name for written in (code, stem) for name in terms_of(written)[:1]} & rarity.frequencies.keys()
        heard = any(rarity.frequencies[name] > 0 for name in names)
        written = re.compile(rf"(?<![a-z0-9]){re.escape(code.lower())}(?![a-z0-9])")  # E-07 is no part of E-071
        if not heard and not any(written.search(canonical(f"{one.title} {one.text}")) for one in passages):
            unknown.append(code)
    return unknown


def _by_form(question: Question) -> float:
    if _SHOW.match(question.text):
        return _LISTED
    ordered = _ORDER.match(question.text) or _ANSWERS_BACK.match(question.text)
    if ordered and not question.text.rstrip().endswith(("?", "？")):
        return _ORDERED
    return 0.0 if question.asks else _UNASKED
