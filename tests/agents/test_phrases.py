import string

import pytest

from agents.phrases import _PHRASES, phrase


@pytest.mark.parametrize("name", _PHRASES)
def test_every_phrase_is_there_in_both_languages_with_the_same_places(name: str) -> None:
    places = {
        language: {field for _, field, _, _ in string.Formatter().parse(text) if field}
        for language, text in zip(("en", "zh"), _PHRASES[name], strict=True)
    }
    assert places["en"] == places["zh"]
    for language, fields in places.items():
        text = phrase(name, language, **dict.fromkeys(fields, "X"))
        assert text.strip()
        assert "{" not in text


def test_a_place_that_is_not_filled_is_an_error() -> None:
    with pytest.raises(KeyError):
        phrase("dropped", "en")
    with pytest.raises(KeyError):
        phrase("dropped", "de", count=1)
