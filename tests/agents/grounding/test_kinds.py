import pytest

from agents.grounding.kinds import kind_of_answer


@pytest.mark.parametrize(
    ("question", "wanted", "shown", "other"),
    [
        ("How much is the sauna?", "money", "It is a supplement of 9 euros.", "The sauna is hot."),
        ("What does it cost?", "money", "Children come in free.", "Children come in."),
        ("彩色打印一张多少钱？", "money", "彩色每页 1.5 元。", "打印机在二楼。"),
        ("How warm is the pool?", "temperature", "It is kept at 27 °C.", "It is 27 m long."),
        ("What does a wheel weigh?", "weight", "A wheel has 6 kg.", "A wheel has 6 parts."),
        ("How deep is the lake?", "length", "It is 12 m deep.", "It has 12 boats."),
        ("What share of the gateways gets it?", "share", "5 % of the gateways.", "5 gateways."),
        ("What is the phone number?", "contact", "Call 0555 0142.", "Call us."),
        ("How long is the warranty?", "duration", "It lasts twelve months.", "It is long."),
        ("How often is it cleaned?", "frequency", "Brushes are boiled daily.", "Brushes are boiled."),
        ("When does the last ferry leave?", "moment", "At 21:40.", "On the ferry."),
        ("How many lanes are there?", "number", "There are 5 lanes.", "There are lanes."),
        ("Who decides on changes?", "person", "The board decides.", "It is decided."),
    ],
)
def test_what_shows_an_answer(question: str, wanted: str, shown: str, other: str) -> None:
    kind = kind_of_answer(question)
    assert kind is not None
    assert kind.wanted == wanted
    assert kind.shows is not None
    assert kind.shows.search(shown)
    assert not kind.shows.search(other)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("May I bring my dog?", "verdict"),
        ("自习室里可以吃饭吗？", "verdict"),
        ("How do I clean the vat?", "steps"),
        ("What do I do when the alarm rings?", "steps"),
        ("How many minutes does it need to charge from 10 to 80 %?", "duration"),
        ("Which cheese is made of goat's milk?", None),
    ],
)
def test_kinds_that_no_form_shows(question: str, wanted: str | None) -> None:
    kind = kind_of_answer(question)
    assert (kind.wanted if kind else None) == wanted
    assert kind is None or wanted == "duration" or kind.shows is None
