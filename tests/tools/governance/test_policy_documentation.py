"""The examples of docs/policies.md do what the page says."""

import re
from pathlib import Path

import pytest

from tests.tools.governance.strategies import LICENCES
from tools.governance.conditions import parse_expression
from tools.governance.facts import DEFAULT_VOCABULARY
from tools.governance.policy import read_policies
from tools.governance.policy_language import ExpressionError
from tools.governance.policy_tests import read_policy_tests, run_policy_tests

PAGE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL))
MISTAKES = re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|$", PAGE[PAGE.index("## Mistakes") :], re.MULTILINE)


def test_the_examples_are_found():
    assert set(BLOCKS) == {"product.yaml", "conditions", "declared.yaml", "release.yaml", "product.tests.yaml"}
    assert len(MISTAKES) == 5


@pytest.mark.parametrize("name", ["product.yaml", "declared.yaml", "release.yaml"])
def test_the_policies_are_right(name):
    assert read_policies(BLOCKS[name], name).policies


@pytest.mark.parametrize("text", BLOCKS["conditions"].splitlines())
def test_the_conditions_are_right(text):
    parse_expression(text)


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_the_mistakes_are_told_as_the_page_says(text, said):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.message == said


def test_the_tests_pass():
    tests = read_policy_tests(BLOCKS["product.tests.yaml"], "product.tests.yaml", LICENCES)
    found = run_policy_tests(tests, read_policies(BLOCKS["product.yaml"]))
    assert [(case.name, case.problems) for case in found if not case.passed] == []


def test_every_field_is_on_the_page():
    stems = {name for name in DEFAULT_VOCABULARY.names() if not name.startswith(("evaluation.", "bias."))}
    missing = [name for name in stems if name not in PAGE and f"`.{name.partition('.')[2]}`" not in PAGE]
    assert missing == []
