import pytest

from agents.grounding.relevance import Rarity


def test_rare_terms_tell_more_apart_where_documents_are_many() -> None:
    many = Rarity({"gateway": 800, "varnish": 1}, 1000)
    assert many.among("unheard") >= many.among("varnish") > many.among("gateway")


def test_where_documents_are_few_their_frequencies_say_little() -> None:
    few = Rarity({"pool": 2, "towel": 1}, 3)
    assert few.among("towel") - few.among("pool") < 0.2


@pytest.mark.parametrize("frequency", [0, 1, 10, 1000])
def test_a_term_always_counts(frequency: int) -> None:
    assert 0.4 <= Rarity({"fan": frequency}, 1000).among("fan") <= 1
