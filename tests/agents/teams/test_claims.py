"""What words assert: the longest at a place, with denials, topics and roles apart."""

import pytest

from agents.teams.claims import MASK, claims_in, clauses, first_unknown, masked


def meanings(text: str) -> list[tuple[str, dict[str, list[str]]]]:
    return [(one.words, {kind: sorted(values) for kind, values in one.meanings.items()}) for one in claims_in(text)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("it was signed off", ["approval"]),
        ("it was not approved", ["negation", "approval"]),
        ("there are no conditions", ["permission"]),
        ("there is not enough evidence", ["verdict"]),
        ("不允许商业使用", ["negation", "permission", "topic:commercial_use"]),
        ("没有任何限制", ["permission"]),
        ("证据不足", ["verdict"]),
        ("you can't", ["cannot"]),
        ("it isn't", ["negation"]),
        ("the canary", []),
        ("dismit", []),
    ],
)
def test_words_have_their_kinds(text: str, kinds: list[str]) -> None:
    assert [kind for one in claims_in(text) for kind in one.meanings] == kinds


def test_a_word_may_mean_several_things() -> None:
    ((words, said),) = meanings("refused")
    assert words == "refused"
    assert set(said) == {"verdict", "approval", "state"}


def test_clauses_are_split_where_something_new_is_said() -> None:
    text = "it is paused, but nobody decided and it waits"
    assert [text[start:end].strip() for start, end in clauses(text)] == ["it is paused", "nobody decided", "it waits"]


def test_a_word_that_nobody_knows_is_found() -> None:
    assert first_unknown("the models were measured", frozenset(), "") == ""
    assert first_unknown("the lawyers were asked", frozenset(), "") == "lawyers"
    assert first_unknown("the lawyers were asked", frozenset({"lawyer"}), "") == ""
    assert first_unknown("老板看到结果", frozenset(), "") == "老板看到结果"
    assert first_unknown("老板看到结果", frozenset(), "老板的意见") == ""


def test_masking_keeps_every_place() -> None:
    assert masked("ro-1 is", [(0, 4)]) == f"{MASK * 4} is"
