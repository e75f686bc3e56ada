"""Spellings that a reader takes for the same are compared as the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.folding import fold, fold_case
from edge.kernel.grounding import codes, figures, plain
from edge.kernel.text_analysis import terms_of

CODE_SPELLINGS = [
    "E‑F071",
    "E–F071",
    "E—F071",
    "E−F071",
    "Ｅ－Ｆ０７１",
    "E-\u00adF071",
    "E\u2010F0\u200b71",
    "e-f071",
    "\ufeffE-F071",
]


@pytest.mark.parametrize("written", CODE_SPELLINGS)
def test_a_code_is_found_however_it_is_written(written: str) -> None:
    assert terms_of(f"What does {written} mean?") == terms_of("What does E-F071 mean?")
    assert [code for _, _, code in codes(plain(written))] == ["ef071"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("na\u0131ve Stra\u00dfe", "naive STRASSE"),
        (unicodedata.normalize("NFD", "Gerät für Kühlräume"), "Gerät für Kühlräume"),
        ("Gerät", "GERAT"),
        ("the gateway’s fan", "the gateway's fan"),
        ("bat\u00adter\u00adies", "batteries"),
        ("ﬁne ﬂow", "fine flow"),
        ("H₂O", "h2o"),
        ("10⁹ ohm", "10^9 Ohm"),
        ("IŞIK \u0130stanbul", "isik istanbul"),
        ("１２ｋＷ　ｐｕｍｐ", "12kw pump"),
        ("\uac00\u11a8", "\uac01"),
    ],
)
def test_spellings_of_one_word_are_alike(one: str, other: str) -> None:
    assert fold_case(one) == fold_case(other)
    assert terms_of(one) == terms_of(other)


def test_what_means_something_else_stays_apart() -> None:
    assert "109" not in fold_case("10⁹")
    assert "109" not in terms_of("10⁹ ohm")
    assert fold("the fan—E12 stops") == "the fan—E12 stops"  # a dash between clauses makes no code
    assert fold("温度，过高：（甲）。") == "温度，过高：（甲）。"
    assert figures("−20 to 50") == {"-20", "50"}


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold_case(fold_case(text)) == fold_case(text)


@given(st.text())
def test_composed_and_decomposed_text_is_alike(text: str) -> None:
    assert fold_case(unicodedata.normalize("NFD", text)) == fold_case(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_stays_as_it_is(text: str) -> None:
    assert fold(text) == text
    assert fold_case(text) == text.lower()
