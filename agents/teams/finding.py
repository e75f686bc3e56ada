"""What a crew hands back: references to evidence, rendered by code, and reasons between them, checked one by one."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.teams.evidence import Evidence, ReadEvidence, rendered, same_place
from agents.teams.verification import keep_carried
from agents.understanding.examples import ToolTalk
from agents.understanding.interpretation import PlannedCall
from agents.understanding.wording import order_of
from edge.kernel.language import Language

Answer = Literal["yes", "no", "conditional", "insufficient"]
Reference = Annotated[str, Field(pattern=r"^\{?E\d+[^{}\s]*\}?$", max_length=200)]
"""Such as E1.licence.commercial_use."""

_ANSWERS: Mapping[str, Answer] = {
    "yes": "yes",
    "pass": "yes",
    "approved": "yes",
    "promote": "yes",
    "true": "yes",
    "no": "no",
    "fail": "no",
    "rejected": "no",
    "refused": "no",
    "roll_back": "no",
    "false": "no",
    "conditional": "conditional",
    "unsure": "insufficient",
    "insufficient evidence": "insufficient",
    "inconclusive": "insufficient",
    "requested": "insufficient",
    "waiting_for_approval": "insufficient",
    "waiting_for_evidence": "insufficient",
    "waiting_for_gate": "insufficient",
    "paused": "insufficient",
}
"""What a value of the evidence answers; others answer nothing."""

MOST_FACTS, MOST_REASONS = 12, 12

_WORDS = {
    "en": {
        "yes": "yes",
        "no": "no",
        "conditional": "yes, under conditions",
        "insufficient": "the evidence is insufficient",
        "verdict": "Verdict: **{answer}** ({of})",
        "reading": {
            "evaluation": "The evaluation crew's reading",
            "deployment": "The deployment crew's reading",
            "governance": "The governance crew's reading",
        },
        "votes": "Votes: {votes}.",
        "tie": "Votes: {votes}. No majority: {who} settled it.",
        "reviewed": "Reviewed by {who}: accepted.",
        "objected": "Reviewed by {who}: objections remain.",
        "replaced": "{who} failed ({why}); {other} took over.",
        "and": ", ",
    },
    "zh": {
        "yes": "是",
        "no": "否",
        "conditional": "有条件",
        "insufficient": "证据不足",
        "verdict": "结论：**{answer}**（{of}）",
        "reading": {"evaluation": "评估团队的解读", "deployment": "部署团队的解读", "governance": "治理团队的解读"},
        "votes": "表决：{votes}。",
        "tie": "表决：{votes}。没有多数，由 {who} 裁定。",
        "reviewed": "{who} 已复核：接受。",
        "objected": "{who} 已复核：仍有异议。",
        "replaced": "{who} 失败（{why}），由 {other} 接替。",
        "and": "，",
    },
}
_ATTRIBUTES = {
    "commercial_use": "商业使用",
    "redistribution": "再分发",
    "modification": "修改",
    "verdict": "裁决",
    "state": "状态",
    "stage": "阶段",
    "accuracy": "准确率",
    "samples": "样本数",
    "parameters": "参数",
    "requester": "申请人",
    "decided_by": "决定人",
    "reason": "原因",
}
"""Fields in Chinese; others are shown as they are called."""


class VerdictReference(BaseModel):
    """An answer, and the value of the evidence that gives it."""

    model_config = ConfigDict(extra="ignore")

    answer: Answer
    evidence: Reference


class Finding(BaseModel):
    """What an agent found. Figures, names and states are references; `reasons` hold them in braces.

    Attributes:
        facts: values to show, each by its reference.
        reasons: sentences, such as "{E1.name} is under the {E1.licence.name}."
    """

    model_config = ConfigDict(extra="ignore")

    verdict: VerdictReference | None = None
    facts: list[Reference] = Field(default_factory=list[Reference], max_length=MOST_FACTS)
    reasons: list[str] = Field(default_factory=list[str], max_length=MOST_REASONS)


class Review(BaseModel):
    """What a colleague says of a draft."""

    model_config = ConfigDict(extra="ignore")

    accepted: bool
    objections: list[str] = Field(default_factory=list[str], max_length=6)


FORMAT = """The final answer is one JSON object and nothing else:
{"verdict": {"answer": "yes" | "no" | "conditional" | "insufficient", "evidence": "E1.path.of.field"},
 "facts": ["E1.path.of.field", ...],
 "reasons": ["A sentence with {E1.path.of.field} in it.", ...]}
"evidence" and "facts" point to a field of the evidence: E1 is the first result, E2 the second, list items are [0], [1].
Leave "verdict" out where no field answers yes or no. Reasons are short plain sentences. Never write a figure, name,
state or licence yourself: put its reference in braces, code shows the value. What no field says, you do not say."""

REVIEW_FORMAT = """The final answer is one JSON object and nothing else:
{"accepted": true | false, "objections": ["A sentence about what the evidence does not show.", ...]}"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finding as a reader is shown it.

    Attributes:
        text: Markdown; may be empty.
        dropped: how many sentences and references the evidence does not carry.
        answer: what the evidence answers; None where nothing was referred to that does.
    """

    text: str
    dropped: int
    answer: Answer | None


def parse_finding(said: str) -> Finding:
    """What an agent said as a finding; words without the form are reasons.

    Raises:
        ValueError: it says nothing.
    """
    found = _json_of(said)
    if found is None:
        text = re.sub(r"```\w*", "", said).strip()
        if not text or text.startswith("{"):
            raise ValueError("it is no finding")
        return Finding(reasons=[text])
    finding = _without_misfits(found)
    if not (finding.verdict or finding.facts or finding.reasons):
        raise ValueError("it is no finding")
    return finding


def parse_review(said: str) -> Review:
    """What a reviewer said.

    Raises:
        ValueError: it is no review.
    """
    found = _json_of(said)
    if found is None:
        raise ValueError("it is no review")
    return Review.model_validate(found)


def answer_of(finding: Finding, evidence: Evidence) -> Answer | None:
    """What the evidence answers where the verdict points; None where that is no answer, or not the one given."""
    if finding.verdict is None:
        return None
    answer = _answer_at(finding.verdict.evidence, evidence)
    return answer if answer == finding.verdict.answer else None


def render_finding(
    finding: Finding, evidence: Evidence, team: str, language: str, remarks: Sequence[str] = ()
) -> Rendered:
    """Render the references, and keep of the reasons what the evidence carries.

    Args:
        team: whose heading it is put under.
        language: "en" or "zh".
        remarks: what code says of how it came about, such as the votes.
    """
    words = cast("dict[str, Any]", _WORDS[language])
    read = evidence.read()
    lines: list[str] = []
    dropped = 0
    answer = None
    if finding.verdict is not None:
        answer = _answer_at(finding.verdict.evidence, evidence)
        dropped += answer != finding.verdict.answer
        if answer is not None:
            lines.append(
                words["verdict"].format(answer=words[answer], of=_label(finding.verdict.evidence, read, language))
            )
    facts: list[str] = []
    for reference in dict.fromkeys(finding.facts):
        try:
            facts.append(
                f"- {_label(reference, read, language)}: **{rendered(evidence.scalar_at(reference.strip('{}')))}**"
            )
        except KeyError:
            dropped += 1
    kept, fallen = keep_carried(finding.reasons, evidence)
    dropped += fallen
    reading = ("" if language == "zh" else " ").join(kept)
    body = [*lines, *([" ".join(remarks)] if remarks and (lines or facts or reading) else [])]
    body += ["\n".join(facts)] if facts else []
    body += [reading] if reading else []
    if not body:
        return Rendered("", dropped, answer)
    return Rendered("\n\n".join([f"### {words['reading'][team]}", *body]), dropped, answer)


def votes_remark(votes: Sequence[Answer | None], language: str, settled_by: str = "") -> str:
    """How a vote ended; who abstained does not count."""
    words = cast("dict[str, Any]", _WORDS[language])
    counted = Counter(vote for vote in votes if vote is not None)
    text = words["and"].join(f"{words[answer]} {count}" for answer, count in counted.most_common()) or "0"
    return words["tie" if settled_by else "votes"].format(votes=text, who=settled_by)


def review_remark(reviewer: str, language: str, *, accepted: bool) -> str:
    """How a review ended."""
    return cast("dict[str, Any]", _WORDS[language])["reviewed" if accepted else "objected"].format(who=reviewer)


def replaced_remark(failed: str, why: str, other: str, language: str) -> str:
    """Who took over from whom."""
    return cast("dict[str, Any]", _WORDS[language])["replaced"].format(who=failed, why=why.rstrip(".。"), other=other)


def proposals_text(proposals: Sequence[PlannedCall], language: Language, talk: Mapping[str, ToolTalk]) -> str:
    """What a crew proposes, of which nothing is done; empty where it proposes nothing."""
    if not proposals:
        return ""
    head = (
        "团队提出以下更改，尚未执行；如需执行请说“是”："
        if language == "zh"
        else ("The crew proposes a change. Nothing is done yet; say “yes” to have it done:")
    )
    return "\n".join([head, "", *(f"- `{order_of(call, talk, language)}`" for call in proposals)])


def _answer_at(reference: str, evidence: Evidence) -> Answer | None:
    try:
        value = evidence.scalar_at(reference.strip("{}"))
    except KeyError:
        return None
    return _ANSWERS.get(rendered(value) if isinstance(value, bool) else str(value))


def _label(reference: str, read: ReadEvidence, language: str) -> str:
    """What a value is, and of what: "accuracy, support-bot@v1"."""
    path = reference.strip("{}")
    field = re.sub(r"\[\d+\]$", "", path).rpartition(".")[2].strip("[]")
    attribute = (_ATTRIBUTES.get(field) if language == "zh" else None) or field.replace("_", " ")
    owner = next(
        (record for record in read.records if any(same_place(fact.path, path) for fact in record.facts)),
        None,
    )
    names = [
        rendered(fact.value)
        for fact in (owner.facts if owner else ())
        if fact.attribute in {"name", "id", "version", "subject", "target", "group", "reference"}
        and not same_place(fact.path, path)
    ]
    keyed = sorted(owner.names) if owner else []
    of = (names or keyed)[:1]
    return ("，" if language == "zh" else ", ").join([attribute, *of]) if attribute else path


def _json_of(said: str) -> Mapping[str, Any] | None:
    """The JSON object in a text; None where there is none."""
    start = said.find("{")
    while start >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(said, start)
        except ValueError:
            start = said.find("{", start + 1)
            continue
        if isinstance(found, dict) and found.keys() & {"verdict", "facts", "reasons", "accepted"}:  # pyright: ignore[reportUnknownMemberType]
            return cast("Mapping[str, Any]", found)
        start = said.find("{", start + 1)
    return None


def _without_misfits(found: Mapping[str, Any]) -> Finding:
    """The finding without the parts that do not fit."""
    parts: dict[str, Any] = {}
    for name in ("verdict", "facts", "reasons"):
        try:
            Finding.model_validate({name: found.get(name)} if found.get(name) is not None else {})
        except ValidationError:
            continue
        if found.get(name) is not None:
            parts[name] = found[name]
    return Finding.model_validate(parts)
