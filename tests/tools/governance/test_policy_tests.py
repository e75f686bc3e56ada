from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput
from tests.tools.governance.strategies import LICENCES
from tools.governance.policy import default_policies, read_policies
from tools.governance.policy_tests import CaseResult, read_policy_tests, run_policy_tests

BESIDE = Path(__file__).parents[3] / "tools" / "governance" / "default_policies.tests.yaml"
POLICY = read_policies(
    "schema: 1\npolicies:\n  - id: p\n    title: t\n    rules: [{id: good, require: evaluation.accuracy > 0.8}]\n"
)
HEAD = """\
schema: 1
policy: p.yaml
now: 2026-11-20T12:00:00Z
given:
  purpose: product
  region: DE
  licences: [{part: base, model: phi-4-mini}]
  evaluations: [{metric: accuracy, value: 0.9, dataset: faq, days_old: 3}]
tests:
"""


def run(case: str) -> CaseResult:
    (found,) = run_policy_tests(read_policy_tests(HEAD + case, "t.yaml", LICENCES), POLICY)
    return found


def test_the_default_policies_pass_their_own_tests():
    tests = read_policy_tests(BESIDE.read_text(encoding="utf-8"), BESIDE.name, LICENCES)
    policies = default_policies()
    found = run_policy_tests(tests, policies)
    assert [(case.name, case.problems) for case in found if not case.passed] == []
    assert {case.result.verdict for case in found} == {"pass", "fail", "insufficient evidence"}
    decided = {reason.rule.split("/")[0] for case in found for reason in case.result.deciding()}
    assert {policy.id for policy in policies.policies} <= decided


def test_a_case_that_is_as_expected_passes():
    assert run("  - {name: a, expect: pass, reasons: [p/good]}").passed
    assert run(
        "  - {name: a, expect: fail, evidence: {evaluations: [{metric: accuracy, value: 0.1, dataset: x, days_old: 1}]}}"
    ).passed
    assert run("  - {name: a, expect: insufficient evidence, evidence: {evaluations: []}, reasons: [p/good]}").passed


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("{name: a, expect: fail}", "expected fail, got pass"),
        ("{name: a, expect: pass, reasons: [p/god]}", "no rule is called p/god (nearest: p/good)"),
        ("{name: a, expect: pass, reasons: [coverage]}", "coverage did not decide; these did: licence, p/good"),
    ],
)
def test_a_case_that_is_not_says_how(case, problem):
    found = run(f"  - {case}")
    assert not found.passed
    assert found.line == 10
    assert found.problems[0] == problem


@pytest.mark.parametrize(
    ("case", "line", "message"),
    [
        ("{name: a, expect: maybe}", 10, "expect"),
        ("{name: a}", 10, "expect: field required"),
        ("{name: a, expect: pass, evidence: {region: XX}}", 10, "unknown region 'XX'"),
        ("name: a\n    expect: pass\n    evidence:\n      purpose: produkt", 13, "purpose"),
        (
            "name: a\n    expect: pass\n    evidence:\n      licences: [{part: base, model: phi-9}]",
            13,
            "no model 'phi-9'",
        ),
        (
            "name: a\n    expect: pass\n    evidence: {evaluations: [{metric: accuracy, value: .nan, dataset: x, days_old: 1}]}",
            12,
            "finite",
        ),
        (
            "name: a\n    expect: pass\n    evidence: {evaluations: [{metric: accuracy, value: 2, dataset: x, days_old: x}]}",
            12,
            "days_old",
        ),
    ],
)
def test_a_bad_file_is_refused_on_its_line(case, line, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        run(f"  - {case}")
    assert f"t.yaml:{line}" in caught.value.message
