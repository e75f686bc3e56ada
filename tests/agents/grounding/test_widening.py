import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.grounding.widening import LONGEST_LIST, LONGEST_PARAGRAPH, widen
from memory.sentences import sentences
from tests.fakes.documents import markdown_soup

TEXT = """\
Fans are loud. They cool.

Before you start:

1. Switch off.
2. Wait.
   - ten seconds

| NET | blue |
| PWR | green |

When the cause is removed:

```sh
haldenctl model reload
```

The end.
"""
STEPS = "Before you start:\n\n1. Switch off.\n2. Wait.\n   - ten seconds"
RELOAD = "When the cause is removed:\n\n```sh\nhaldenctl model reload\n```"


def widened(sentence: str, text: str = TEXT) -> str:
    start = text.index(sentence)
    first, last = widen(text, start, start + len(sentence))
    return text[first:last]


@pytest.mark.parametrize(
    ("sentence", "whole"),
    [
        ("They cool.", "Fans are loud. They cool."),
        ("Before you start:", STEPS),
        ("1. Switch off.", STEPS),
        ("ten seconds", STEPS),
        ("| PWR | green |", "| PWR | green |"),
        ("When the cause is removed:", RELOAD),
        ("haldenctl model reload", RELOAD),
        ("The end.", "The end."),
    ],
)
def test_what_can_be_read_alone(sentence: str, whole: str) -> None:
    assert widened(sentence) == whole


def test_what_is_long_is_not_widened() -> None:
    paragraph = f"It is short. {'It goes on. ' * (LONGEST_PARAGRAPH // 12)}"
    assert widened("It is short.", paragraph) == "It is short."
    items = "\n".join(f"- Check screw {n} of the rail bracket." for n in range(LONGEST_LIST // 30))
    assert widened("- Check screw 7 of the rail bracket.", items) == "- Check screw 7 of the rail bracket."


@given(markdown_soup, st.integers(0, 1000))
def test_a_widened_sentence_stays_within_its_text(text: str, index: int) -> None:
    for start, end in sentences(text)[index % 7 :: 7]:
        first, last = widen(text, start, end)
        assert 0 <= first <= start < end <= last <= len(text)
        assert (first, last) == (start, end) or last - first <= max(LONGEST_LIST, LONGEST_PARAGRAPH)
