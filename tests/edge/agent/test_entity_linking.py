import pytest

from edge.agent.entity_linking import glossary, link, words_in

KNOWN = {
    "oil_temperature": ("T-101",),
    "coolantTemperature": (),
    "pump2.flow": ("second pump",),
    "pump3.flow": (),
    "temperature": (),
}


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("oil_temperature", ["oil_temperature"]),
        ("the Oil Temperature sensor", ["oil_temperature"]),
        ("t-101", ["oil_temperature"]),
        ("coolant temp", ["coolantTemperature"]),
        ("油温", ["oil_temperature"]),
        ("冷却液的温度", ["coolantTemperature"]),
        ("二号泵流量", ["pump2.flow"]),
        ("pump two flow", ["pump2.flow"]),
        ("pump flow", ["pump2.flow", "pump3.flow"]),
        ("temperature", ["temperature"]),
        ("oil", ["oil_temperature"]),
        ("oil temperature manual", []),
        ("2", []),
        ("the", []),
        ("", []),
        ("油温手册", []),
        ("%%%", []),
    ],
)
def test_a_phrase_means_a_name_only_with_all_its_words(phrase: str, found: list[str]) -> None:
    assert link(phrase, KNOWN, glossary()) == found


def test_what_the_sentence_implies_decides_between_names() -> None:
    known = {"oil_temperature": (), "oil_pressure": ()}
    assert link("oil", known, glossary()) == ["oil_temperature", "oil_pressure"]
    assert link("oil", known, glossary(), hint="temperature") == ["oil_temperature"]
    assert link("water", known, glossary(), hint="temperature") == []


def test_words_of_both_languages_are_found_in_a_text() -> None:
    assert {"oil", "temperature", "pump"} <= words_in("为什么油泵的温度 rises?", glossary())
