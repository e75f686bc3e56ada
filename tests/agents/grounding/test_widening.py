import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.grounding.widening import (
    LONGEST_LIST,
    LONGEST_PARAGRAPH,
    LONGEST_PROCEDURE,
    has_steps,
    widen,
    widen_to_procedure,
)
from memory.documents.sentences import sentences
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


def test_a_line_that_stands_over_a_paragraph_takes_it_along() -> None:
    text = "Dogs\n\nDogs stay on a lead.\n\nFires\n\nThere are none."
    assert widened("Dogs", text) == "Dogs\n\nDogs stay on a lead."


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


SECTION = """\
The fan can be exchanged within 3 minutes.

1. Pull the tray out.
2. Run:

```
haldenctl fan stop
```

   The lamp goes out.
3. Insert the new tray.

The fan is rated for 50,000 hours.

```
haldenctl fan
```
"""
PROCEDURE = SECTION[: SECTION.index("\n\nThe fan is rated")]


def procedure(sentence: str, text: str = SECTION) -> str | None:
    start = text.index(sentence)
    found = widen_to_procedure(text, start, start + len(sentence))
    return text[found[0] : found[1]] if found else None


@pytest.mark.parametrize(
    ("sentence", "whole"),
    [
        ("The fan can be exchanged within 3 minutes.", PROCEDURE),
        ("1. Pull the tray out.", PROCEDURE),
        ("haldenctl fan stop", PROCEDURE),
        ("The lamp goes out.", PROCEDURE),
        ("3. Insert the new tray.", PROCEDURE),
        ("The fan is rated for 50,000 hours.", None),
        ("haldenctl fan\n", None),
    ],
)
def test_a_whole_procedure_with_its_introduction(sentence: str, whole: str | None) -> None:
    assert procedure(sentence) == whole


def test_a_long_paragraph_introduces_nothing_and_a_very_long_list_is_not_taken_whole() -> None:
    assert (
        procedure("1. Wait.", f"{'It goes on. ' * (LONGEST_PARAGRAPH // 11)}\n\n1. Wait.\n2. Go.") == "1. Wait.\n2. Go."
    )
    steps = "\n".join(f"{n}. Check screw {n} of the rail bracket." for n in range(1, LONGEST_PROCEDURE // 30))
    assert procedure("1. Check screw 1 of the rail bracket.", steps) is None


@pytest.mark.parametrize(
    ("text", "steps"), [("1. Wait.\n2. Go.", True), ("1. Wait.", False), ("- Wait.\n- Go.", False), ("Fans.", False)]
)
def test_steps_are_numbered(text: str, steps: bool) -> None:
    assert has_steps(text) is steps


@given(markdown_soup, st.integers(0, 1000))
def test_a_procedure_stays_within_its_text_and_holds_the_sentence(text: str, index: int) -> None:
    for start, end in sentences(text)[index % 7 :: 7]:
        found = widen_to_procedure(text, start, end)
        assert found is None or (0 <= found[0] <= start < end <= found[1] <= len(text))
