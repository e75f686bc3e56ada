from agents.understanding.parsed_message import parse_message
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def test_names_references_quantities_and_clauses_are_found() -> None:
    said = parse_message(
        "canary the challenger on support-chat at 10 %, then tell me how it goes", SHOP_FLOOR, CATALOGUE
    )
    assert [one.words for one in said.mentions] == ["challenger", "support-chat"]
    assert [one.words for one in said.references] == ["it"]
    assert [one.value for one in said.quantities] == [10]
    shown = [token.shown for token in said.tokens]
    assert {"<alias>", "<target>", "<percent>", "<reference>"} <= set(shown)
    assert said.language == "en"


def test_what_stands_in_quotation_marks_names_nothing() -> None:
    said = parse_message('ask press-1 "what does hall-3 do about it?"', SHOP_FLOOR, CATALOGUE)
    assert [one.words for one in said.mentions] == ["press-1"]
    assert said.references == ()


def test_a_part_has_what_lies_in_it_at_the_places_of_the_whole() -> None:
    text = "pause code-assist and resume hall-3"
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    part = said.within(text.index("resume"), len(text))
    assert part.words == "resume hall-3"
    assert [one.words for one in part.mentions] == ["hall-3"]
    assert part.text == text
    assert said.within(0, 0).words == ""


def test_of_a_very_long_message_the_beginning_is_looked_at() -> None:
    said = parse_message("pause " + "x " * 50_000 + "hall-3", SHOP_FLOOR, CATALOGUE)
    assert len(said.text) == 4000
    assert said.mentions == ()


def test_a_version_that_there_is_none_of_is_shown_as_one_though_it_is_said_in_two_words() -> None:
    said = parse_message("register phi-4-mini v77 please", SHOP_FLOOR, CATALOGUE)
    assert [token.shown for token in said.tokens] == ["register", "<version>", "please"]
