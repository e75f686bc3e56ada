"""Findings: parsed from what a model says, rendered from the evidence."""

import json

import pytest
from pydantic import BaseModel

from agents.planner.calls import PlannedCall
from agents.teams.evidence import Evidence
from agents.teams.finding import (
    Finding,
    VerdictReference,
    answer_of,
    parse_finding,
    parse_review,
    proposals_text,
    render_finding,
    votes_remark,
)


class Gate(BaseModel):
    """A verdict."""

    version: str = "triage@r9"
    verdict: str = "fail"
    accuracy: float = 0.71


def evidence(verdict: str = "fail") -> Evidence:
    found = Evidence()
    found.add("gate_history", {}, Gate(verdict=verdict))
    return found


def pointing(answer: str, path: str = "E1.verdict") -> Finding:
    return Finding(verdict=VerdictReference.model_validate({"answer": answer, "evidence": path}))


@pytest.mark.parametrize(
    ("value", "answer"),
    [("pass", "yes"), ("fail", "no"), ("insufficient evidence", "insufficient"), ("conditional", "conditional")],
)
def test_the_evidence_gives_the_answer(value: str, answer: str) -> None:
    assert answer_of(pointing(answer), evidence(verdict=value)) == answer


def test_a_verdict_that_says_otherwise_than_its_evidence_is_counted_and_the_evidence_shown() -> None:
    shown = render_finding(pointing("yes"), evidence(), "governance", "en")
    assert shown.text == "### The governance crew's reading\n\nVerdict: **no** (verdict, triage@r9)"
    assert (shown.answer, shown.dropped) == ("no", 1)
    assert answer_of(pointing("yes"), evidence()) is None


@pytest.mark.parametrize("path", ["E1.accuracy", "E1.version", "E2.verdict"])
def test_a_verdict_that_points_to_no_answer_is_none(path: str) -> None:
    shown = render_finding(pointing("yes", path), evidence(), "governance", "en")
    assert (shown.text, shown.answer, shown.dropped) == ("", None, 1)


def test_facts_and_reasons_are_rendered_by_code_under_a_heading_in_the_user_s_language() -> None:
    finding = Finding(
        facts=["E1.accuracy", "E1.speed"], reasons=["{E1.version} 没有通过门禁。", "{E1.version} 通过了门禁。"]
    )
    shown = render_finding(finding, evidence(), "evaluation", "zh", ["表决：否 2。"])
    assert shown.text == (
        "### 评估团队的解读\n\n表决：否 2。\n\n- 准确率，triage@r9: **0.71**\n\ntriage@r9 没有通过门禁。"
    )
    assert shown.dropped == 2


def test_nothing_that_stays_is_nothing_to_show() -> None:
    shown = render_finding(Finding(reasons=["It passed."]), evidence(), "governance", "en", ["Votes: 0."])
    assert (shown.text, shown.dropped) == ("", 1)


def test_a_finding_is_read_out_of_what_stands_around_it() -> None:
    said = 'Sure:\n```json\n{"verdict": {"answer": "no", "evidence": "E1.verdict"}, "reasons": ["A."]}\n```'
    assert parse_finding(said) == Finding(verdict=VerdictReference(answer="no", evidence="E1.verdict"), reasons=["A."])


def test_words_alone_are_reasons_and_parts_that_do_not_fit_are_left_out() -> None:
    assert parse_finding("It is paused.") == Finding(reasons=["It is paused."])
    broken = json.dumps({"verdict": {"answer": "maybe", "evidence": "it"}, "facts": ["it"], "reasons": ["A."]})
    assert parse_finding(broken) == Finding(reasons=["A."])


@pytest.mark.parametrize("said", ["", "  ", '{"nonsense": 1}', '{"reasons": []}', "{"])
def test_what_says_nothing_is_no_finding(said: str) -> None:
    with pytest.raises(ValueError, match="no finding"):
        parse_finding(said)


def test_a_review_is_read_or_refused() -> None:
    assert parse_review('ok {"accepted": true}').accepted
    with pytest.raises(ValueError, match="no review"):
        parse_review("I like it.")


def test_votes_are_told_with_those_who_abstained_left_out() -> None:
    assert votes_remark(["no", "no", None], "en") == "Votes: no 2."
    assert votes_remark([None, "yes"], "zh", settled_by="Chair") == "表决：是 1。没有多数，由 Chair 裁定。"


def test_proposals_are_told_as_not_done() -> None:
    text = proposals_text([PlannedCall("rollout_abort", {"rollout": "ro-1", "reason": "alarm"})], "en")
    assert "Nothing is done yet" in text
    assert "ro-1" in text
    assert proposals_text([], "en") == ""
