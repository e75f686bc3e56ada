from hypothesis import given
from hypothesis import strategies as st

from agents.grounding.wording import keeps_order, names_in, rivals, same_kinds_in_order, shortest_run, tokens


def test_the_shortest_run_that_has_what_the_claim_repeats() -> None:
    text = "The fan is loud. Replace the fan filter."
    start, end = shortest_run(tokens("fan filter"), tokens(text))
    assert text[start:end] == "fan f"
    assert shortest_run(tokens("pump"), tokens(text)) == (0, 0)


def test_rivals_are_what_could_be_taken_for_what_the_claim_says() -> None:
    there = tokens("SE30: 7 days, 2 GB; SE50: 14 days, model 3")
    assert rivals(tokens("SE30: 7 days"), there) == {"se50", "14", "3"}
    assert rivals(tokens("SE30 has 48 hours"), there) == {"se50", "7", "14", "3"}
    assert rivals(tokens("the model"), there) == {"se30", "se50", "3"}


def test_order_with_nothing_forbidden_in_between() -> None:
    there = tokens("fan 3000 pump 2000")
    assert keeps_order(tokens("pump 2000"), there, {"3000"})
    assert not keeps_order(tokens("fan 2000"), there, {"3000"})
    assert not keeps_order(tokens("2000 pump"), there, set())
    assert keeps_order(tokens("nothing of it"), there, set())


def test_figures_and_codes_each_in_their_order() -> None:
    there = tokens("SE30 and SE50 between 5 and 45")
    assert same_kinds_in_order(tokens("5 to 45 for SE30, SE50"), there)
    assert not same_kinds_in_order(tokens("45 to 5"), there)
    assert not same_kinds_in_order(tokens("SE50 and SE30"), there)
    assert same_kinds_in_order(tokens("99"), there)


@given(st.lists(st.sampled_from("fan pump SE30 5 7 hot".split()), max_size=8))
def test_a_sentence_keeps_its_own_order(words: list[str]) -> None:
    there = tokens(" ".join(words))
    assert keeps_order(there, there, set())
    assert same_kinds_in_order(there, there)
    assert rivals(there, there) == set()
    start, end = shortest_run(there, there)
    assert 0 <= start <= end <= len(" ".join(words))
    assert names_in(there) >= {token.value for token in there}
