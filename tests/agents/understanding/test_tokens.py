from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agents.understanding.tokens import Part, plain, shown, tokenise


def test_names_and_quantities_are_one_token_each_and_shown_by_their_kind() -> None:
    text = "canary bot@v2 at 10 %, please!"
    parts = [Part(7, 13, "name", ("version", "alias")), Part(17, 21, "quantity", ("percent",))]
    tokens = tokenise(text, parts)
    assert [token.text for token in tokens] == ["canary", "bot@v2", "at", "10 %", ",", "please", "!"]
    assert shown(tokens) == ["canary", "<version>", "at", "<percent>", ",", "please", "!"]
    assert plain(tokens) == "canary version at percent , please !"


def test_chinese_is_taken_by_the_character() -> None:
    assert shown(tokenise("把它暂停吧", [Part(1, 2, "reference")])) == ["把", "<reference>", "暂", "停", "吧"]
    assert plain(tokenise("pause it", [Part(6, 8, "reference", ("rollout",))])) == "pause it"


def test_of_parts_that_overlap_the_first_stands() -> None:
    tokens = tokenise("a b c", [Part(0, 3, "name"), Part(2, 5, "quantity"), Part(4, 4, "name")])
    assert [(token.text, token.type) for token in tokens] == [("a b", "name"), ("c", "word")]


@given(text=st.text(max_size=60), spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_tokens_lie_in_order_and_hold_every_letter(text: str, spans: list[tuple[int, int]]) -> None:
    parts = [Part(min(a, len(text)), min(b, len(text)), "name") for a, b in spans]
    tokens = tokenise(text, parts)
    assert all(first.end <= second.start for first, second in pairwise(tokens))
    assert all(token.text == text[token.start : token.end] for token in tokens)
    held = {at for token in tokens for at in range(token.start, token.end)}
    assert [letter for at, letter in enumerate(text) if at not in held and letter.isalnum() and letter.isascii()] == []
