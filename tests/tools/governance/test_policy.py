import pytest

from edge.kernel.errors import InvalidInput
from tools.governance.policy import check_policies, default_policies, read_policies

HEAD = "schema: 1\npolicies:\n  - id: p\n    title: t\n"
RULES = HEAD + "    rules:\n"


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in check_policies(text, "p.yaml")]


def test_the_default_policies_are_right_and_cover_every_purpose():
    policies = default_policies()
    assert {policy.id for policy in policies.policies} >= {"integrity", "customers", "edge-devices", "european-union"}
    assert policies.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            RULES + "      - id: r\n        require: evaluation.acuracy > 0.5\n",
            7,
            "rule p/r: unknown field evaluation.acuracy",
        ),
        (RULES + "      - id: r\n        why: x\n\n        forbid: users > 1 and\n", 9, "found the end"),
        (RULES + "      - id: r\n        why: none\n", 6, "exactly one of require, forbid and warn"),
        (RULES + "      - {id: r, require: users > 1, warn: users > 2}\n", 6, "exactly one of require"),
        (
            RULES + "      - id: r\n        require: users > 1\n        when: users > 2\n",
            8,
            "when asks only for purpose",
        ),
        (
            RULES + "      - {id: r, require: users > 1}\n      - {id: r, require: users > 1}\n",
            7,
            "the id r stands here twice",
        ),
        (HEAD + "    when: stage = 'x'\n    rules: [{id: r, require: users > 1}]\n", 5, "write =="),
        (HEAD + "    rules: []\n", 5, "at least 1"),
        (HEAD + "    rulez: []\n", 5, "rulez: extra inputs"),
        (HEAD + "    max_age_days: -1\n    rules: [{id: r, require: users > 1}]\n", 5, "greater than 0"),
        ("schema: 2\npolicies: []\n", 1, "schema"),
        ("metrics: {accuracy: {}}\n" + RULES + "      - {id: r, require: users > 1}\n", 1, "known already"),
        ("metrics: {m: {low: 1, high: 0}}\n" + RULES + "      - {id: r, require: users > 1}\n", 1, "low must be below"),
        ("- 1\n", 1, "the file"),
        ("", 1, "the file"),
    ],
)
def test_a_mistake_is_shown_on_its_line(text, line, message):
    found = problems(text)
    assert any(line == at and message in said for at, said in found), found


def test_all_mistakes_are_told_at_once_with_the_nearest_names():
    text = RULES + "      - {id: a, require: evaluation.acuracy > 0.5}\n      - {id: b, forbid: bias.max_gpa > 1}\n"
    with pytest.raises(InvalidInput) as caught:
        read_policies(text, "p.yaml")
    first, second = caught.value.message.splitlines()
    assert first.startswith("p.yaml:6: ")
    assert "Nearest: evaluation.accuracy" in first
    assert second.startswith("p.yaml:7: ")
    assert "bias.max_gap" in second


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema: [1\n", r"p.yaml:2: not YAML"),
        ("schema: 1\nschema: 1\n", r"p.yaml:2: schema stands here twice"),
        ("!!python/object/apply:os.system [ls]", "not YAML"),
        ("a: &a [*a]", "p.yaml"),
        ("\x00", "not YAML"),
        ("---\na: 1\n---\nb: 1\n", "not YAML"),
    ],
)
def test_what_is_not_plain_yaml_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message):
        read_policies(text, "p.yaml")


def test_metrics_and_attributes_can_be_declared():
    text = (
        "schema: 1\nmetrics: {solder_defect_rate: {low: 0, high: 1}}\nattributes: [factory]\npolicies:\n"
        "  - id: p\n    title: t\n    rules:\n      - {id: r, require: evaluation.solder_defect_rate.upper <= 0.01}\n"
        "      - {id: s, require: bias.factory.max_gap <= 0.1}\n"
    )
    assert len(read_policies(text).policies[0].rules) == 2
    assert [line for line, _ in problems(text.replace("<= 0.01", "<= 5"))] == [8]


def test_the_digest_is_of_what_the_file_says():
    rules = RULES + "      - {id: a, require: users > 1}\n      - {id: b, require: users > 2}\n"
    swapped = (
        RULES + "      # a comment\n      - {id: b, require: users > 2}\n      - id: a\n        require: users > 1\n"
    )
    assert read_policies(rules).digest == read_policies(swapped).digest
    assert read_policies(rules).digest != read_policies(rules.replace("> 2", "> 3")).digest
