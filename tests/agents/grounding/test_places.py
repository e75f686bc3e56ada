from hypothesis import given

from agents.grounding.places import places
from tests.fakes.documents import markdown_soup

TEXT = """\
The gateway is upright. It has fins.

Keep free:

- 50 mm above
- 30 mm below

Then start.

| Lamp | State |
| --- | --- |
| NET | blue |

1. Run this:

```sh
haldenctl temp
```
"""


def test_sentences_with_what_stands_around_them() -> None:
    found = [(place.kind, place.text, place.around) for place in places(TEXT, "SE30 > Mounting")]
    assert found == [
        ("paragraph", "The gateway is upright.", "SE30 > Mounting"),
        ("paragraph", "It has fins.", "SE30 > Mounting\nThe gateway is upright."),
        ("paragraph", "Keep free:", "SE30 > Mounting"),
        ("item", "50 mm above", "SE30 > Mounting\nKeep free:"),
        ("item", "30 mm below", "SE30 > Mounting\nKeep free:"),
        ("paragraph", "Then start.", "SE30 > Mounting"),
        ("head", "| Lamp | State |", "SE30 > Mounting"),
        ("table", "| NET | blue |", "SE30 > Mounting\n| Lamp | State |"),
        ("item", "1. Run this:", "SE30 > Mounting"),
        ("code", "haldenctl temp", "SE30 > Mounting\n1. Run this:"),
    ]


def test_a_table_without_rules_has_no_head() -> None:
    assert [place.kind for place in places("| NET | blue |\n| PWR | green |")] == ["table", "table"]


@given(markdown_soup)
def test_places_are_pieces_of_the_passage_in_order(text: str) -> None:
    end = 0
    for place in places(text):
        assert end <= place.start < place.end <= len(text)
        assert place.text == text[place.start : place.end]
        end = place.end
