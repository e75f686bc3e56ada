import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.governance.strategies import conditions, render
from tools.governance.policy_language import (
    MAX_DEPTH,
    All,
    AnyOf,
    Compare,
    Constant,
    ExpressionError,
    Field,
    Items,
    Not,
    parse_tree,
)

A, B, C = (Compare("<", Field(name), Constant(1.0)) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a < 1 and b < 1 or c < 1", AnyOf((All((A, B)), C))),
        ("a < 1 or b < 1 and c < 1", AnyOf((A, All((B, C))))),
        ("(a < 1 or b < 1) and c < 1", All((AnyOf((A, B)), C))),
        ("not a < 1 and b < 1", All((Not(A), B))),
        ("not (a < 1 and b < 1)", Not(All((A, B)))),
        ("not not a < 1", Not(Not(A))),
        ("a < 1 and b < 1 and c < 1", All((A, B, C))),
        ("(a < 1 and b < 1) and c < 1", All((All((A, B)), C))),
        ("not a in b", Not(Compare("in", Field("a"), Field("b")))),
        ("a not in b", Compare("not in", Field("a"), Field("b"))),
        ('a in ["x", "y"]', Compare("in", Field("a"), Items((Constant("x"), Constant("y"))))),
        ('a.b on "faq 2" >= -1.5e-3', Compare(">=", Field("a.b", "faq 2"), Constant(-0.0015))),
        (r"'it\'s \\' == a", Compare("==", Constant("it's \\"), Field("a"))),
        ("  a\n<\t1 ", A),
        ("bias.class.lambda < 007", Compare("<", Field("bias.class.lambda"), Constant(7.0))),
        ("None == True", Compare("==", Field("None"), Field("True"))),
        ("'汉' in a or a < 1", AnyOf((Compare("in", Constant("汉"), Field("a")), A))),
    ],
)
def test_what_binds_how(text, tree):
    assert parse_tree(text) == tree


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("a = 1", 3, "write =="),
        ("a && b", 3, "write and"),
        ("a < 1 < 2", 7, "not chained"),
        ("a < 1 == b", 7, "not chained"),
        ("(a < 1", 7, r"expected \), found the end"),
        ("a < 1)", 6, r"unexpected \)"),
        ("a <", 4, "found the end"),
        ("", 1, "found the end"),
        ('a == "x', 6, "does not end"),
        (r'a == "\n"', 6, "backslash"),
        ("a < 1e999", 5, "too large"),
        ("a < 0.8.5", 5, "unexpected '0'"),
        ("a on b < 1", 6, "in quotes"),
        ("a in []", 6, "the list is empty"),
        ("a in [1, ", 10, "found the end"),
        ("and a < 1", 1, "unexpected and"),
        ("a b", 3, "unexpected b"),
        ("a < 1 not", 10, "found the end"),
        ("f(a) < 1", 2, r"unexpected \("),
        ("a[1] < 1", 2, r"unexpected \["),
        ("(a, b) < 1", 3, "unexpected ,"),
        ("a == () or b < 1", 6, r"unexpected \("),
        ('a == "x" "y"', 10, 'unexpected "y"'),
        ('a == f"x"', 7, 'unexpected "x"'),
        ('"a" on "x" < 1', 5, "unexpected on"),
        ("a if b else c", 3, "unexpected if"),
        ("(a := 1) < 2", 4, "unexpected ':'"),
        ("a + 1 < 2", 3, r"unexpected '\+'"),
        ("a < 1 # b", 7, "unexpected '#'"),
        ("a @ b < 1", 3, "unexpected '@'"),
    ],
)
def test_a_mistake_is_shown_where_it_stands(text, column, message):
    with pytest.raises(ExpressionError, match=message) as caught:
        parse_tree(text)
    assert caught.value.column == column


@pytest.mark.parametrize(
    "text",
    ["not " * 500 + "a < 1", "(" * 500, "a in " + "[" * 500, "a < (" * 190 + "a < 1" + ")" * 190, "a < 1 and " * 900],
)
def test_there_is_a_limit_to_what_is_read(text):
    with pytest.raises(ExpressionError):
        parse_tree(text)


def test_nesting_up_to_the_limit_is_read():
    depth = MAX_DEPTH - 2
    assert parse_tree("(" * depth + "a < 1" + ")" * depth) == A


@given(conditions)
def test_what_is_printed_is_read_as_the_same(tree):
    assert parse_tree(render(tree)) == tree


@given(
    st.text()
    | st.lists(st.sampled_from("a b.c 1 0.5 ' \" \\ ( ) [ ] , and or not in on == < <= != x".split())).map(" ".join)
)
def test_any_text_is_read_or_refused_and_nothing_else(text):
    with contextlib.suppress(ExpressionError):
        tree = parse_tree(text)
        assert parse_tree(render(tree)) == tree
