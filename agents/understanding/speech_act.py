"""Which parts of a message order something now, ask, only talk, are bound to a condition, or take "
    "back: cautious rules.

What no rule sees as an order is none; so an unknown form is asked about and never acted on.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agents.understanding.chinese_moods import binds_what_stands_before, chinese_clauses
from agents.understanding.english_moods import HANGING_CONDITION, Piece, english_clauses
from agents.understanding.interpretation import Mood
from agents.understanding.masking import FILL, Masked, mask

_LONGEST = 20_000
"""Characters. A longer message is a document, not an order."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[!?。！？；;]+|\.+(?=\s|$)|\n+|…+|\s[-–—]+\s|——|(?<=[a-z])—(?=[a-z])")
_SPEAKER = re.compile(
    r"^\W*(?!(?:please|now|then|ok|okay|todo|task|order|request|urgent|next|first"
    r"|second|step|and|also|note|hi|hey|quick one|one more thing|so|correction|edit|sorry|wait)\b)"
    r"[^\W\d][\w.-]{1,20}[:：]\s"
)
_INTRODUCED = re.compile(
    r"(?!\W*(?:on|for|at|in|device|group|tenant|target|things?|two|three|several|steps?|to do"
    r"|urgent|only|so|then|if|when|once|gate|job|policy|new|please|and)\b)[^:,]{0,50}"
    r"\b(?:by|from|plan|idea|wish|request|mail|per|via|command|instruction|note|text|phrase"
    r"|sentence|example|words?|motto|rule|advice|yesterday|proposal|suggestion|comment|memo)\b[^:,]{0,30}:\s"
)
_ADDRESSED = re.compile(
    r"\W*(?:hey|hi|hello|dear) (?!there|chargehand|assistant|bot|team|all|guys"
    r"|everyone|please|can|could|you|folks|again|so|now|quick)\w+, |\W*" + FILL + "+, ?(?:please"
    "|can|could|would)\\b"
)
_OVERRIDE = re.compile(
    r"\b(?:ignore|disregard|forget|override"
    r"|bypass) (?:\w+ ){0,4}?(?:instructions?|rules|guidelines|prompts?|polic(?:y|ies)|safety)\b"
    r"|(?:忽略|无视|忘记).{0,10}(?:指令|指示|规则|提示)"
)
_SAID = re.compile(
    r"\b(?:said|says|say|wrote|writes|mailed|asked|asks|told|message|mail|boss|manual|runbook|quote"
    r"|posted|reads|demand(?:s|ed)|suggest(?:s|ed)|order(?:s|ed))\b[^:：\n]{0,30}[:：]"
    r"|(?:说|写道|写着|表示|要求|通知|留言|原话|回复道|邮件|消息)[^:：\n]{0,6}[:：]"
)
_ALL = re.compile(
    r"\b(?:all|everything|nothing|anything|every|each|whatever|everyone|everybody|none|any)\b|所有"
    r"|全部|一切|统统|什么都|什么也|通通|全都|每[个台条]"
)
_NAMED = re.compile(rf"{FILL}|\w@\w|\b[a-z]+-\d|\b[a-z]+-[a-z]+-?\d*\b")
_OPEN_END = re.compile(r"\b(?:or|unless|if|but)\W*$")
_EXAMPLE = re.compile(r"\W*(?:e\.?g|i\.e|for (?:example|instance)|example|such as|比如|例如)\b")
_EDGE = " \t\r\n,.;:!?，。；：！？、-–—…"


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a message: text[start:end].

    Attributes:
        universal: it is about everything or nothing and names nothing.
        certainty: 0 to 1; 0.5 and less where the form says little, as in an answer of one word.
    """

    start: int
    end: int
    mood: Mood
    universal: bool = False
    certainty: float = 1.0


def clauses_of(text: str, taken: Sequence[tuple[int, int]] = ()) -> tuple[Clause, ...]:
    """The clauses of a message, in order and apart; an order's reason lies within its order.

    Args:
        taken: spans of names, quantities and quoted texts; they are neither read as words nor split.
    """
    if len(text) > _LONGEST:
        return (Clause(0, len(text), "talk"),)
    masked = mask(text, taken)
    return tuple(
        Clause(start, end, piece.mood, _is_universal(masked.text[start:end], start, end, taken), piece.certainty)
        for piece in _bound_by_what_follows(masked.text, list(_pieces(masked)))
        for start, end in (_trimmed(masked.text, piece.start, piece.end),)
        if start < end
    )


def standing_clauses(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """The clauses that no later retraction takes back."""
    last = max((at for at, clause in enumerate(clauses) if clause.mood == "retraction"), default=-1)
    return tuple(clauses[last + 1 :])


def mood_of(clauses: Sequence[Clause]) -> Mood:
    """The mood of a whole message: of what still stands the weightiest, or that all was taken back."""
    standing = {clause.mood for clause in standing_clauses(clauses)}
    if "order" in standing:
        return "order"
    if "conditional" in standing:
        return "conditional"
    if "question" in standing:
        return "question"
    return "retraction" if any(clause.mood == "retraction" for clause in clauses) else "talk"


def _pieces(masked: Masked) -> Iterator[Piece]:
    text = masked.text
    last: Piece | None = None
    pasted = dict(masked.pasted)
    for start, end, asks in _sentences(masked):
        if start in pasted:
            yield Piece(start, end, "talk")
            continue
        sentence = text[start:end]
        example = _EXAMPLE.match(sentence) or (last is not None and _EXAMPLE.fullmatch(text[last.start : last.end]))
        quoted = (
            example
            or _ADDRESSED.match(sentence)
            or _OVERRIDE.search(sentence)
            or _SAID.search(sentence)
            or _SPEAKER.match(sentence)
            or _INTRODUCED.match(sentence)
        )
        if quoted is not None and not re.match(
            r"\W*(?:please |then |now |and )*(?:reply|answer"
            r"|tell|ask|send|message|say|write|回复|告诉|通知|问)",
            sentence,
        ):
            last = Piece(start, end, "talk", 0.5 if sentence.lstrip().startswith(FILL) else 1.0, governs=True)
            yield last
            continue
        rules = chinese_clauses if _HAN.search(sentence) else english_clauses
        for piece in rules(text, start, end, asks, last):
            last = piece
            yield piece


def _bound_by_what_follows(text: str, pieces: list[Piece]) -> list[Piece]:
    """Orders that a condition standing alone follows are bound by it."""
    for at in range(len(pieces) - 1, 0, -1):
        before, piece = pieces[at - 1], pieces[at]
        part = text[piece.start : piece.end]
        if _HAN.search(part):
            binds = piece.mood != "order" and binds_what_stands_before(part)
        else:
            binds = piece.mood == "talk" and HANGING_CONDITION.match(part) is not None
        follows = at + 1 < len(pieces) and pieces[at + 1].mood == "conditional"
        if before.mood == "order" and ((binds and not follows) or _OPEN_END.search(text[before.start : before.end])):
            pieces[at - 1] = replace(before, mood="conditional")
    return pieces


def _sentences(masked: Masked) -> Iterator[tuple[int, int, bool]]:
    """Sentences and pasted parts, with whether they end in a question mark."""
    at = 0
    for start, end in (*masked.pasted, (len(masked.text), len(masked.text))):
        while at < start:
            match = _SENTENCE_END.search(masked.text, at, start)
            stop = match.start() if match is not None else start
            if masked.text[at:stop].strip(_EDGE):
                yield at, stop, match is not None and bool(re.search("[?？]", match[0]))
            at = match.end() if match is not None else start
        if start < end:
            yield start, end, False
        at = max(at, end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGE:
        start += 1
    while start < end and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _is_universal(part: str, start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    return (
        _ALL.search(part) is not None
        and _NAMED.search(part) is None
        and all(last <= start or end <= first for first, last in taken)
    )
