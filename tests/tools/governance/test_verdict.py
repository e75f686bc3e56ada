from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from tests.tools.governance.strategies import (
    LICENCES,
    NOW,
    OTHER,
    OWN_ADAPTER,
    OWN_DATA,
    conditions,
    days_ago,
    evaluation,
    evidences,
    finding,
    good,
    render,
)
from tools.governance.evidence import Evidence, Lineage
from tools.governance.policy import PolicySet, default_policies, read_policies
from tools.governance.verdict import GateResult, approvers, decide

DEFAULT = default_policies()


def policies(*rules: str, when: str = 'purpose == "product"') -> PolicySet:
    listed = "".join(f"      - {{id: r{number}, {rule}}}\n" for number, rule in enumerate(rules))
    return read_policies(
        f"schema: 1\npolicies:\n  - id: p\n    title: t\n    when: {when}\n    max_age_days: 30\n    rules:\n{listed}"
    )


ACCURATE = policies("require: evaluation.accuracy >= 0.85")


def outcomes(result: GateResult) -> dict[str, str]:
    return {reason.rule: reason.outcome for reason in result.reasons}


def test_a_good_version_passes_and_says_why():
    result = decide(ACCURATE, good(), NOW)
    assert result.verdict == "pass"
    assert outcomes(result) == {"licence": "met", "p/r0": "met"}
    assert result.reasons[1].facts == ("evaluation.accuracy is 0.9 (faq, n 400, 2026-11-17)",)
    assert decide(DEFAULT, good(), NOW).verdict == "pass"


def test_a_bad_one_fails():
    result = decide(ACCURATE, good(evaluations=(evaluation(value=0.5),)), NOW)
    assert result.verdict == "fail"
    assert [reason.rule for reason in result.deciding()] == ["p/r0"]


@pytest.mark.parametrize(
    ("evaluations", "said"),
    [
        ((), "there is no accuracy"),
        ((evaluation(digest=OTHER),), "about another version"),
        ((evaluation(finished_at=days_ago(45)),), "stale: 45 days old, the limit is 30"),
        ((evaluation(finished_at=days_ago(-2)),), "in the future"),
    ],
)
def test_evidence_that_does_not_count_is_insufficient_and_says_so(evaluations, said):
    result = decide(ACCURATE, good(evaluations=evaluations), NOW)
    assert result.verdict == "insufficient evidence"
    (reason,) = result.deciding()
    assert said in reason.facts[0]


def test_one_that_is_bad_fails_though_others_are_missing():
    both = policies("require: evaluation.accuracy >= 0.85", "require: evaluation.f1 >= 0.85")
    assert decide(both, good(evaluations=(evaluation(value=0.5),)), NOW).verdict == "fail"
    assert decide(both, good(), NOW).verdict == "insufficient evidence"


def test_an_age_alone_makes_evidence_insufficient_not_bad():
    young = policies("require: evaluation.age_days <= 2", "require: evaluation.accuracy > 0.5")
    result = decide(young, good(), NOW)
    assert result.verdict == "insufficient evidence"
    assert "stale" in result.deciding()[0].text
    mixed = policies("require: evaluation.age_days <= 2 and evaluation.accuracy > 0.95")
    assert decide(mixed, good(), NOW).verdict == "fail"


def test_what_is_forbidden_fails_and_what_is_not_known_is_not_allowed():
    rule = policies("require: evaluation.accuracy > 0.5", 'forbid: security.format == "pickle"')
    assert decide(rule, good(), NOW).verdict == "pass"
    assert decide(rule, good(security=(finding("format", "pickle"),)), NOW).verdict == "fail"
    assert decide(rule, good(security=()), NOW).verdict == "insufficient evidence"


def test_a_warning_changes_nothing():
    rule = policies("require: evaluation.accuracy > 0.5", "warn: evaluation.accuracy < 0.99", "warn: evaluation.f1 < 1")
    result = decide(rule, good(), NOW)
    assert result.verdict == "pass"
    assert outcomes(result) == {"p/r1": "warning", "p/r2": "warning", "licence": "met", "p/r0": "met"}


def test_the_licence_is_looked_at_whatever_the_policies_say():
    def licensed(name: str) -> Evidence:
        lineage = Lineage(base=name, adapter="faq-r16", datasets=("tickets",))
        return good(licences=(LICENCES.model(name), OWN_ADAPTER, OWN_DATA), lineage=lineage)

    refused = decide(ACCURATE, licensed("qwen2.5-3b"), NOW)
    assert refused.verdict == "fail"
    assert refused.deciding()[0].rule == "licence"
    assert "Qwen RESEARCH LICENSE" in refused.deciding()[0].facts[0]
    assert decide(ACCURATE, licensed("minicpm-2b"), NOW).verdict == "insufficient evidence"
    conditional = decide(ACCURATE, licensed("llama-3.2-3b"), NOW)
    assert conditional.verdict == "pass"
    assert outcomes(conditional)["licence"] == "warning"
    assert any("Built with Llama" in one.text for one in conditional.obligations)


def test_every_part_of_the_lineage_needs_its_terms():
    result = decide(ACCURATE, good(licences=(LICENCES.model("phi-4-mini"),)), NOW)
    assert result.verdict == "insufficient evidence"
    assert result.deciding()[0].facts == (
        "no licence of the adapter faq-r16 is recorded",
        "no licence of the dataset tickets is recorded",
    )


def test_no_policy_for_a_purpose_is_no_pass():
    result = decide(ACCURATE, good(purpose="research"), NOW)
    assert result.verdict == "insufficient evidence"
    assert result.deciding()[0].rule == "coverage"
    only_forbids = policies('forbid: security.format == "pickle"')
    assert decide(only_forbids, good(), NOW).verdict == "insufficient evidence"


def test_a_stage_that_is_not_said_may_be_any():
    staged = policies("require: evaluation.accuracy > 0.5", "require: evaluation.f1 > 0.5, when: stage == 'production'")
    assert decide(staged, good(stage="staging"), NOW).verdict == "pass"
    assert decide(staged, good(stage="production"), NOW).verdict == "insufficient evidence"
    unsaid = decide(staged, good(stage=None), NOW)
    assert unsaid.verdict == "insufficient evidence"
    assert "stage is not said" in unsaid.deciding()[0].text


def test_a_requirement_that_may_not_hold_is_no_ground_to_pass():
    staged = policies("require: evaluation.accuracy > 0.5, when: stage == 'production'")
    assert decide(staged, good(stage="production"), NOW).verdict == "pass"
    unsaid = decide(staged, good(stage=None), NOW)
    assert unsaid.verdict == "insufficient evidence"
    assert unsaid.deciding()[0].rule == "coverage"


def test_the_result_can_be_cited_and_kept():
    one, again = decide(DEFAULT, good(), NOW), decide(DEFAULT, good(), NOW)
    assert one == again
    assert GateResult.model_validate_json(one.model_dump_json()) == one
    assert decide(DEFAULT, good(users=5), NOW).digest != one.digest
    assert decide(ACCURATE, good(), NOW).digest != one.digest
    assert decide(DEFAULT, good(), NOW + timedelta(seconds=1)).digest != one.digest


@given(evidences, conditions, conditions)
def test_any_evidence_gets_one_of_three_verdicts(evidence, one, other):
    texts = [render(tree).replace("'", "''") for tree in (one, other)]
    stated = policies(f"require: '{texts[0]}'", f"forbid: '{texts[1]}'")
    for known in (stated, DEFAULT):
        assert decide(known, evidence, NOW).verdict in ("pass", "fail", "insufficient evidence")


@given(evidences)
def test_a_pass_rests_on_evidence(evidence):
    """Without measurements or without licences nothing passes; a pass has a requirement that is met."""
    bare = evidence.model_copy(update={"evaluations": (), "bias": (), "security": ()})
    assert decide(DEFAULT, bare, NOW).verdict != "pass"
    assert decide(DEFAULT, evidence.model_copy(update={"licences": ()}), NOW).verdict != "pass"
    result = decide(DEFAULT, evidence, NOW)
    if result.verdict == "pass":
        assert {reason.outcome for reason in result.reasons} <= {"met", "warning"}
        assert result.licence.verdict in ("yes", "conditional")


@given(evidences, st.randoms())
def test_the_order_of_the_evidence_does_not_matter(evidence, random):
    def shuffled(items):
        mixed = list(items)
        random.shuffle(mixed)
        return tuple(mixed)

    other = evidence.model_copy(
        update={name: shuffled(getattr(evidence, name)) for name in ("licences", "evaluations", "bias", "security")}
    )
    one, two = decide(DEFAULT, evidence, NOW), decide(DEFAULT, other, NOW)
    assert (one.verdict, one.digest, one.evidence_digest) == (two.verdict, two.digest, two.evidence_digest)
    assert set(one.reasons) == set(two.reasons)


@given(evidences)
def test_evidence_about_another_version_weighs_nothing(evidence):
    """Moving all measurements to another digest is the same as having none."""

    def moved(items):
        return tuple(item.model_copy(update={"digest": OTHER}) for item in items)

    kinds = ("evaluations", "bias", "security")
    foreign = evidence.model_copy(update={name: moved(getattr(evidence, name)) for name in kinds})
    none = evidence.model_copy(update=dict.fromkeys(kinds, ()))
    assert outcomes(decide(DEFAULT, foreign, NOW)) == outcomes(decide(DEFAULT, none, NOW))


@pytest.mark.parametrize(("days", "told"), [(0, "0"), (1e-5, "0"), (3.14159, "3.14"), (30.04, "30.04")])
def test_ages_are_told_in_hundredths_of_days(days: float, told: str):
    aged = good(evaluations=(evaluation(finished_at=days_ago(days)),))
    result = decide(policies("require: evaluation.age_days <= 30"), aged, NOW)
    assert f"evaluation.age_days is {told}" in [fact for reason in result.reasons for fact in reason.facts]


FREEZE = """
schema: 1
freezes:
  - id: year-end
    from: 2026-11-18T00:00:00Z
    until: 2027-01-04T08:00:00+01:00
    when: stage == "production"
    why: Nobody is there to look.
policies:
  - id: p
    title: t
    rules: [{id: r0, require: evaluation.accuracy >= 0.5}]
"""


def test_nothing_passes_in_a_freeze_and_nothing_is_bad():
    frozen = decide(read_policies(FREEZE), good(stage="production"), NOW)
    assert frozen.verdict == "insufficient evidence"
    assert [reason.rule for reason in frozen.deciding()] == ["freeze"]
    assert "Nobody is there to look." in frozen.deciding()[0].text
    assert decide(read_policies(FREEZE), good(stage="staging"), NOW).verdict == "pass"
    assert decide(read_policies(FREEZE), good(stage="production"), NOW - timedelta(days=30)).verdict != "fail"
    assert "freeze" not in outcomes(decide(read_policies(FREEZE), good(stage="production"), NOW - timedelta(days=30)))


def champion(value: float, dataset: str = "faq") -> dict[str, object]:
    return {"champion": "faq@1", "champion_evaluations": (evaluation(value=value, dataset=dataset),)}


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        ({}, "pass"),
        (champion(0.89), "pass"),
        (champion(0.95), "fail"),
        (champion(0.5, "another set"), "insufficient evidence"),
    ],
)
def test_a_version_is_compared_with_the_champion(known: dict[str, object], verdict: str):
    stated = policies('require: champion == "none" or evaluation.accuracy.gain >= -0.01')
    assert decide(stated, good(**known), NOW).verdict == verdict


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("require: evaluation.accuracy.datasets >= 2", "fail"),
        ("require: evaluation.accuracy.datasets >= 1", "pass"),
        ("require: security.count >= 1 and evaluation.count >= 1", "pass"),
        ("require: bias.count >= 100", "fail"),
    ],
)
def test_measurements_are_counted(rule: str, verdict: str):
    assert decide(policies(rule), good(), NOW).verdict == verdict


def test_data_that_an_api_made_are_known_as_such():
    stated = policies("forbid: '\"openai:gpt-4o\" in lineage.made_by'")
    own = Lineage(base="phi-4-mini", adapter="faq-r16", datasets=("tickets",))
    made = own.model_copy(update={"made_by": ("openai:gpt-4o",)})
    assert outcomes(decide(stated, good(lineage=made), NOW))["p/r0"] == "broken"
    assert outcomes(decide(stated, good(lineage=own), NOW))["p/r0"] == "met"


def test_a_stage_that_nobody_knows_is_a_mistake_unless_the_file_declares_it():
    with pytest.raises(InvalidInput, match=r"the field is never 'prodction'.*production"):
        policies("require: evaluation.accuracy >= 0.5", when='stage == "prodction"')
    declared = 'schema: 1\nstages: [pilot]\npolicies:\n  - {id: p, title: t, when: stage == "pilot", rules: [{id: r, '
    assert read_policies(declared + "require: evaluation.accuracy >= 0.5}]}\n").rules == ["p/r"]


def test_as_many_must_agree_as_the_strictest_policy_that_holds_says():
    def stated(first: str, second: str) -> PolicySet:
        return read_policies(
            "schema: 1\npolicies:\n"
            f"  - {{id: a, title: t, {first}, rules: [{{id: r, require: evaluation.accuracy >= 0}}]}}\n"
            f"  - {{id: b, title: t, {second}, rules: [{{id: r, require: evaluation.accuracy >= 0}}]}}\n"
        )

    here = stated("approvers: 2", 'approvers: 3, when: purpose == "product"')
    assert approvers(here, good(), NOW) == 3
    assert approvers(here, good(purpose="research"), NOW) == 2
    assert approvers(DEFAULT, good(), NOW) == 1
