from itertools import product

import pytest

from tools.governance.truth import all_of, any_of, negation, same_of

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
