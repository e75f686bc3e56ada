from hypothesis import given
from hypothesis import strategies as st

from agents.grounding.wording import tokens, without_marks


def values(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.value) for token in tokens(text)]


def test_a_sentence_as_tokens() -> None:
    assert values("The SE30 throttles at 85 °C, but H3-L2-SE30-07 was not throttled.") == [
        ("code", "se30"),
        ("word", "throttl"),
        ("figure", "85"),
        ("code", "h3l2se3007"),
        ("word", "throttl"),
    ]
    assert tokens("H3-L2-SE30-07")[0].parts == ("h3", "l2", "se30")
    assert values("网关在 15 分钟后降频") == [
        ("character", "网"),
        ("character", "关"),
        ("figure", "15"),
        ("character", "后"),
        ("character", "降"),
        ("character", "频"),
    ]


def test_two_wordings_of_a_sentence_have_the_same_tokens() -> None:
    assert values("Batteries charging for 5 minutes (Phi4-mini)") == values("The battery charged 5 min, phi-4-mini")


def test_marks() -> None:
    assert without_marks("It stops [1]. Then [2, 3] it starts【4】 again [5][6].") == "It stops. Then it starts again."
    assert without_marks("See [the manual](a.md) and [x].") == "See [the manual](a.md) and [x]."


@given(st.text(max_size=200))
def test_tokens_are_in_order_and_not_empty(text: str) -> None:
    found = tokens(text)
    assert all(token.value for token in found)
    assert [token.start for token in found] == sorted(token.start for token in found)
