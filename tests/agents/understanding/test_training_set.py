import random

from agents.understanding.arguments import Slot
from agents.understanding.examples import MarkedSlot, read_example
from agents.understanding.tokens import tokenise
from agents.understanding.training_set import found_quantities, label_example, labels_of


def slot(path: str, *kinds: str) -> Slot:
    return Slot(path, "name" if kinds else "string", kinds, (), many=False, required=False, schema={})


SLOTS = {"version": slot("version", "version", "alias"), "reason": slot("reason"), "percentages": slot("percentages")}
EXAMPLE = read_example("t", "en", "canary [bot v2](version) at [10 %](percentages) because of [loud noise](reason)")


def test_an_example_has_its_names_quantities_and_labels() -> None:
    labelled = label_example(EXAMPLE, SLOTS, random.Random(1))
    assert [token.shown for token in labelled.tokens] == [
        "canary",
        "<version>",
        "at",
        "<percent>",
        "because",
        "of",
        "loud",
        "noise",
    ]
    assert labelled.labels == ("O", "B-version", "O", "B-percentages", "O", "O", "B-reason", "I-reason")


def test_names_are_left_unknown_in_some_copies_only_where_they_are_one_word() -> None:
    one_word = read_example("t", "en", "canary [bot@v2](version)")
    chance = random.Random(1)
    shown = {label_example(one_word, SLOTS, chance, unknown=True).tokens[1].shown for _ in range(200)}
    assert shown >= {"bot@v2", "<version>"}
    assert {label_example(EXAMPLE, SLOTS, chance, unknown=True).tokens[1].text for _ in range(50)} == {"bot v2"}


def test_a_token_has_the_label_of_the_mark_that_it_lies_in() -> None:
    tokens = tokenise("stop it now")
    assert labels_of(tokens, [MarkedSlot(5, 11, "reason", None)]) == ("O", "B-reason", "I-reason")
    assert labels_of(tokens, []) == ("O", "O", "O")


def test_quantities_are_parts_and_quoted_text_is_of_its_own_type() -> None:
    parts = found_quantities('say "hello there" at 10 %', [])
    assert [(part.type, part.kinds) for part in parts] == [("quoted", ()), ("quantity", ("percent",))]


def test_a_name_is_learnt_as_linking_finds_it_a_rollout_by_its_target() -> None:
    slots = {"rollout": slot("rollout", "rollout", "target", "group")}
    chance = random.Random(1)

    def kinds(marked: str) -> set[tuple[str, ...]]:
        example = read_example("t", "en", marked)
        labelled = [label_example(example, slots, chance, unknown=True) for _ in range(100)]
        return {one.tokens[-1].kinds for one in labelled if one.tokens[-1].type == "name"}

    assert kinds("pause [the lyon rollout](rollout)") == {("rollout", "target")}
    assert kinds("pause [the lyon one](rollout)") == {("target",), ("group",)}
