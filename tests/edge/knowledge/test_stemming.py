"""English stems, and index terms: the same as the hub's."""

from pathlib import Path

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.protocol.packs.stemming import stem
from edge.kernel.protocol.packs.terms import terms_of, words_of
from memory.mirrors.lexical import analyse

_theirs = snowballstemmer.stemmer("english")
_ENDINGS = (
    "ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti iviti"
    " biliti logi fulli lessli li icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent"
    " ion ism ate iti ous ive ize eed ed ing edly ingly eedly sses ies ied us ss s 's ' y e l ll at bl iz bb ogist"
).split()


@given(st.text(alphabet="abcdefghiklmnoprstuvwxyz'", max_size=12))
def test_any_letters_have_the_stem_that_snowball_gives_them(word: str) -> None:
    assert stem(word) == _theirs.stemWord(word)


@given(
    start=st.text(alphabet="abcdeghilmnoprstuvxyz", min_size=1, max_size=7),
    endings=st.lists(st.sampled_from(_ENDINGS), min_size=1, max_size=3),
)
def test_all_endings_are_treated_as_snowball_treats_them(start: str, endings: list[str]) -> None:
    word = start + "".join(endings)
    assert stem(word) == _theirs.stemWord(word)


@pytest.mark.parametrize(
    "word",
    "skis skies dying idly gently ugly early only singly sky news howe atlas cosmos bias andes inning outing canning"
    " earring herring evening proceed exceed succeed generate communicate arsenal past pasted university later organs"
    " emergency internal hopping hoping hated agreed by say enjoyed youth boys egg added odd off dyed eyed tied cries"
    " gas this kiwis gaps knackeredness".split(),
)
def test_words_with_rules_of_their_own(word: str) -> None:
    assert stem(word) == _theirs.stemWord(word)


def test_every_word_of_the_samples_has_snowballs_stem(samples: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in samples.rglob("*.md")).lower()
    words = set("".join(letter if letter.isascii() and letter.isalpha() else " " for letter in text).split())
    assert len(words) > 200
    assert {word: stem(word) for word in words} == {word: _theirs.stemWord(word) for word in words}


@given(st.text(max_size=200))
def test_any_text_has_the_terms_of_the_hubs_index(text: str) -> None:
    assert terms_of(text) == analyse(text)


@given(st.text(alphabet="abcdeEs0123456789.-_/' 温度传感器的了在。，", max_size=80))
def test_codes_and_chinese_have_the_terms_of_the_hubs_index(text: str) -> None:
    assert terms_of(text) == analyse(text)


def test_words_are_those_that_may_have_a_vector() -> None:
    assert words_of("The pump's E-217 overheats, 泵 is hot") == ["pump", "overheats", "hot"]
