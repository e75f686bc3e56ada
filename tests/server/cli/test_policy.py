"""`chargehand policy`."""

import json
from pathlib import Path

import pytest

from tests.server.cli.conftest import Chargehand

POLICY = "schema: 1\npolicies:\n  - id: p\n    title: t\n    rules:\n      - {id: good, require: evaluation.accuracy > 0.8}\n"
TESTS = """\
schema: 1
policy: p.yaml
now: 2026-11-20T12:00:00Z
given:
  purpose: product
  region: DE
  licences: [{part: base, model: phi-4-mini}]
tests:
  - name: good
    evidence: {evaluations: [{metric: accuracy, value: 0.9, dataset: faq, days_old: 3}]}
    expect: pass
  - name: nothing
    expect: insufficient evidence
    reasons: [p/good]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "p.tests.yaml").write_text(TESTS, encoding="utf-8")
    path = tmp_path / "p.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_tests_that_pass(chargehand: Chargehand, policy: Path):
    for given in (policy, policy.with_name("p.tests.yaml")):
        done = chargehand("policy", "test", given)
        assert done.code == 0
        assert done.out.splitlines()[-1] == "2 passed, 0 failed."


def test_a_test_that_fails(chargehand: Chargehand, policy: Path):
    policy.write_text(POLICY.replace("0.8", "0.95"), encoding="utf-8")
    done = chargehand("policy", "test", policy)
    assert done.code == 1
    assert "FAIL" in done.out
    assert "expected pass, got fail" in done.out
    assert done.out.splitlines()[-1] == "1 passed, 1 failed."


def test_a_policy_without_tests_is_told_which_file_it_lacks(chargehand: Chargehand, policy: Path):
    policy.with_name("p.tests.yaml").unlink()
    done = chargehand("policy", "test", policy)
    assert done.code == 2
    assert "there is no p.tests.yaml beside it" in done.err


def test_json_is_one_line_for_each_test(chargehand: Chargehand, policy: Path):
    done = chargehand("policy", "test", policy, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["name"], line["passed"], line["verdict"]) for line in lines] == [
        ("good", True, "pass"),
        ("nothing", True, "insufficient evidence"),
    ]
    assert all(line["digest"].startswith("sha256:") for line in lines)


def test_a_right_policy_is_said_to_be(chargehand: Chargehand, policy: Path):
    done = chargehand("policy", "check", policy)
    assert (done.code, done.out) == (0, f"{policy}: right.\n")


def test_a_wrong_policy_is_shown_with_lines(chargehand: Chargehand, policy: Path):
    policy.write_text(POLICY.replace("accuracy", "acuracy"), encoding="utf-8")
    done = chargehand("policy", "check", policy)
    assert done.code == 2
    assert f"{policy}:6: rule p/good: unknown field evaluation.acuracy" in done.out
    assert "Nearest: evaluation.accuracy" in done.out
    (problem,) = [json.loads(line) for line in chargehand("policy", "check", policy, "--json").out.splitlines()]
    assert (problem["line"], problem["nearest"][0]) == (6, "evaluation.accuracy")
    assert chargehand("policy", "test", policy).code == 2


@pytest.mark.parametrize("content", [b"schema: [", b"\xff\xfe\x00", b"tests: []"])
def test_a_bad_file_of_tests(chargehand: Chargehand, policy: Path, content: bytes):
    policy.with_name("p.tests.yaml").write_bytes(content)
    done = chargehand("policy", "test", policy)
    assert done.code == 2
    assert "Traceback" not in done.err


def test_bad_usage(chargehand: Chargehand, tmp_path: Path):
    for arguments in (
        ["policy"],
        ["policy", "test"],
        ["policy", "check", tmp_path / "none.yaml"],
        ["policy", "nothing"],
    ):
        assert chargehand(*arguments).code == 2
