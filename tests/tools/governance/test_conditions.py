from itertools import product

import pytest
from hypothesis import given

from tests.tools.governance.strategies import (
    LICENCES,
    OTHER,
    conditions,
    days_ago,
    evaluation,
    evidences,
    facts,
    finding,
    gap,
    good,
    render,
)
from tools.governance.conditions import all_of, any_of, evaluate, negation, parse_expression, same_of
from tools.governance.evidence import Evidence, Lineage
from tools.governance.facts import DEFAULT_VOCABULARY
from tools.governance.policy_language import All, AnyOf, ExpressionError, Not


def truth(text: str, evidence: Evidence):
    return parse_expression(text).evaluate(facts(evidence))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evaluation.accuracy >= 0.85", True),
        ("evaluation.accuracy.lower >= 0.85", True),
        ("evaluation.accuracy.lower >= 0.89", False),
        ("evaluation.accuracy.upper < 0.9", False),
        ("evaluation.accuracy.n == 400", True),
        ("evaluation.accuracy.age_days <= 3", True),
        ("evaluation.age_days > 3", False),
        ('evaluation.accuracy on "faq" > 0.5', True),
        ('evaluation.accuracy on "manuals" > 0.5', None),
        ("evaluation.f1 >= 0", None),
        ("evaluation.accuracy.lower < evaluation.accuracy.upper", True),
        ("bias.max_gap <= 0.05", True),
        ("bias.language.max_gap <= 0.03", False),
        ("bias.site.max_gap <= 0.03", None),
        ("bias.age_days <= 3", True),
        ('security.format in ["gguf", "safetensors"]', True),
        ('security.signature != "valid"', False),
        ("security.critical == 0", True),
        ('purpose == "product" and stage == "production"', True),
        ('"EU" in region', True),
        ('"FR" in region', False),
        ('"world" in region', True),
        ('"edge" in tags', False),
        ('"edge" not in tags', True),
        ("users < 1000", None),
        ("not users < 1000", None),
        ('licence.verdict == "yes"', True),
        ('licence.commercial_use in ["yes", "conditional"]', True),
        ("licence.user_threshold >= 1000000", True),
        ('"open_source" in licence.types', True),
        ('lineage.base == "phi-4-mini"', True),
        ('"tickets" in lineage.datasets', True),
        ("users < 1000 or evaluation.accuracy > 0", True),
        ("users < 1000 and evaluation.accuracy < 0.5", False),
        ("users < 1000 and evaluation.accuracy > 0", None),
    ],
)
def test_what_holds_of_a_good_version(text, expected):
    assert truth(text, good()) is expected


@pytest.mark.parametrize(
    ("text", "column", "message", "nearest"),
    [
        ("evaluation.acuracy >= 0.8", 1, "unknown field evaluation.acuracy", "evaluation.accuracy"),
        ("users > 1 and evaluation.accuracy.lowr > 0", 15, "unknown field", "evaluation.accuracy.lower"),
        ('license.verdict == "yes"', 1, "unknown field", "licence.verdict"),
        ('purpose == "prodct"', 12, "never 'prodct'", "product"),
        ('purpose in ["product", "reserch"]', 24, "never 'reserch'", "research"),
        ('"UE" in region', 1, "never 'UE'", "EU"),
        ("evaluation.accuracy >= 85", 24, "between 0 and 1", None),
        ("evaluation.latency_p95_ms < -1", 29, "at least 0", None),
        ('evaluation.accuracy >= "high"', 21, "compares numbers, not a text", None),
        ("stage > 3", 7, "compares numbers, not a text", None),
        ("stage == 3", 7, "cannot equal a number", None),
        ('region == "EU"', 8, r'write "…" in region', None),
        ("tags in lineage.datasets", 6, r'write "…" in tags', None),
        ('purpose == ["product"]', 9, "compared by in", None),
        ("users in [1, 'x']", 10, "must hold what the left side is", None),
        ('stage in "staging"', 7, "needs a list or a set", None),
        ("1 in tags", 3, "holds texts", None),
        ("users", 1, "compare it with something", None),
        ("1 < 2", 3, "names no field", None),
        ("not 3", 5, "a condition is expected", None),
        ("users < (stage == 'x')", 16, "a value is expected", None),
        ("stage in [users]", 11, "numbers or texts only", None),
        ('licence.verdict == "unsure"', 20, "nothing equals it", None),
        ('bias.max_gap on "faq" < 1', 1, "not of one data set", None),
    ],
)
def test_mistakes_are_found_before_there_is_evidence(text, column, message, nearest):
    with pytest.raises(ExpressionError, match=message) as caught:
        parse_expression(text)
    assert caught.value.column == column
    assert nearest is None or nearest in caught.value.nearest


def test_every_name_of_the_vocabulary_has_a_type_and_can_be_asked():
    empty = Evidence(subject="x", digest=OTHER, purpose="product", region="DE", lineage=Lineage(base="x"))
    for name in DEFAULT_VOCABULARY.names():
        assert DEFAULT_VOCABULARY.type_of(name)
        for evidence in (empty, good()):
            readings = facts(evidence).about(name)
            assert readings.values or readings.why


def test_data_sets_that_disagree_leave_the_question_open():
    mixed = good(evaluations=(evaluation(value=0.9), evaluation(value=0.5, dataset="manuals")))
    assert truth("evaluation.accuracy > 0.8", mixed) is None
    assert truth("not evaluation.accuracy > 0.8", mixed) is None
    assert truth("evaluation.accuracy > 0.4", mixed) is True
    assert truth("evaluation.accuracy > 0.95", mixed) is False
    assert truth('evaluation.accuracy on "manuals" > 0.8', mixed) is False


def test_the_newest_of_one_data_set_counts():
    both = good(evaluations=(evaluation(value=0.9, finished_at=days_ago(9)), evaluation(value=0.5)))
    assert truth("evaluation.accuracy > 0.8", both) is False
    tie = good(evaluations=(evaluation(value=0.9), evaluation(value=0.5)))
    assert truth("evaluation.accuracy > 0.8", tie) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"digest": OTHER}, "about another version"),
        ({"finished_at": days_ago(31)}, "31 days old, the limit is 30"),
        ({"finished_at": days_ago(-1)}, "in the future"),
    ],
)
def test_what_does_not_count_is_unknown_and_says_why(fields, why):
    evidence = good(
        evaluations=(evaluation(**fields),),
        bias=(gap("language", 0.0, **fields),),
        security=(finding("format", "gguf", **fields),),
    )
    for text in ("evaluation.accuracy > 0", "bias.max_gap < 1", 'security.format == "gguf"'):
        expression = parse_expression(text)
        assert expression.evaluate(facts(evidence)) is None
        assert why in facts(evidence).about(text.split()[0]).why


def test_a_clock_that_is_a_minute_fast_is_forgiven():
    assert truth("evaluation.accuracy > 0", good(evaluations=(evaluation(finished_at=days_ago(-1 / 1440)),))) is True


def test_the_widest_gap_counts_and_two_scanners_must_agree():
    wide = good(bias=(gap("language", 0.01), gap("site", 0.2)))
    assert truth("bias.max_gap <= 0.1", wide) is False
    assert truth("bias.language.max_gap <= 0.1", wide) is True
    scans = good(
        security=(finding("scan", "clean", source="a"), finding("scan", "findings", source="b", critical=1, high=0))
    )
    assert truth("security.critical == 0", scans) is None
    assert truth("security.high == 0", scans) is True
    unsaid = good(security=(finding("scan", "findings"),))
    assert truth("security.critical == 0", unsaid) is None


def test_an_interval_that_was_not_measured_is_unknown():
    bare = good(evaluations=(evaluation(lower=None, upper=None, n=None),))
    assert truth("evaluation.accuracy.lower > 0", bare) is None
    assert "no interval" in facts(bare).about("evaluation.accuracy.lower").why


def test_a_no_of_one_part_is_a_no_though_another_is_not_known():
    parts = (LICENCES.model("qwen2.5-3b"), LICENCES.dataset("web", "nowhere"))
    assert truth('licence.commercial_use == "no"', good(licences=parts)) is True
    assert truth('licence.redistribution == "no"', good(licences=parts)) is None
    assert truth('licence.commercial_use == "yes"', good(licences=())) is None


def test_terms_that_the_catalogue_marks_as_not_verified_are_unknown():
    part = LICENCES.model("phi-4-mini").model_copy(update={"verified": False})
    assert truth('licence.commercial_use == "yes"', good(licences=(part,))) is None
    assert truth('licence.verdict == "yes"', good(licences=(part,))) is None


@given(conditions, conditions, evidences)
def test_the_laws_of_de_morgan_hold_over_evidence(one, other, evidence):
    known = facts(evidence)
    assert evaluate(Not(All((one, other))), known) is evaluate(AnyOf((Not(one), Not(other))), known)
    assert evaluate(Not(AnyOf((one, other))), known) is evaluate(All((Not(one), Not(other))), known)
    assert evaluate(Not(one), known) is negation(evaluate(one, known))


@given(conditions, evidences)
def test_any_rule_has_a_truth_on_any_evidence_and_printing_does_not_change_it(tree, evidence):
    known = facts(evidence)
    found_truth = parse_expression(render(tree)).evaluate(known)
    assert found_truth in (True, False, None)
    assert found_truth is evaluate(tree, known)


@given(conditions, evidences)
def test_what_is_certain_without_ages_is_certain_with_them(tree, evidence):
    known = facts(evidence)
    certain = evaluate(tree, known, ages_unknown=True)
    assert certain is None or certain is evaluate(tree, known)


TRUTHS = (True, False, None)


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, None, None, True),
        (False, False, False, False),
        (False, None, False, None),
        (None, None, None, None),
    ],
)
def test_kleenes_tables(one, other, both, either):
    for pair in ((one, other), (other, one)):
        assert all_of(pair) is both
        assert any_of(pair) is either


def test_the_laws_of_de_morgan():
    for one, other in product(TRUTHS, TRUTHS):
        assert negation(all_of([one, other])) is any_of([negation(one), negation(other)])
        assert negation(any_of([one, other])) is all_of([negation(one), negation(other)])


def test_what_is_unknown_stays_unknown_when_it_is_negated():
    assert [negation(truth) for truth in TRUTHS] == [False, True, None]


def test_readings_that_disagree_are_unknown():
    assert same_of([True, True]) is True
    assert same_of([False]) is False
    assert same_of([True, False]) is None
    assert same_of([True, None]) is None
    assert same_of([]) is None
