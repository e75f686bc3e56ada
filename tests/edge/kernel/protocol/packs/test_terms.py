"""Index terms: the same as the hub's."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.protocol.packs.terms import terms_of, words_of
from memory.mirrors.lexical import analyse

_ENDINGS = (
    "ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti iviti"
    " biliti logi fulli lessli li icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent"
    " ion ism ate iti ous ive ize eed ed ing edly ingly eedly sses ies ied us ss s 's ' y e l ll at bl iz bb ogist"
).split()


def _run(program: str, words: list[str]) -> Any:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(words), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


@given(
    start=st.text(alphabet="abcdeghilmnoprstuvxyz", min_size=1, max_size=7),
    endings=st.lists(st.sampled_from(_ENDINGS), min_size=1, max_size=3),
)
def test_any_word_has_the_terms_of_the_hubs_index(start: str, endings: list[str]) -> None:
    word = start + "".join(endings)
    assert terms_of(word) == analyse(word)


@pytest.mark.parametrize(("word", "stem"), [("running", "run"), ("skies", "sky"), ("nationalization", "nation")])
def test_english_words_are_stemmed(word: str, stem: str) -> None:
    assert terms_of(word) == [stem]


def test_every_word_of_the_samples_has_the_terms_of_the_hubs_index(samples: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in samples.rglob("*.md")).lower()
    words = set("".join(letter if letter.isascii() and letter.isalpha() else " " for letter in text).split())
    assert len(words) > 200
    assert {word: terms_of(word) for word in words} == {word: analyse(word) for word in words}


def test_threads_that_stem_at_once_do_not_disturb_each_other() -> None:
    words = [f"{start}{ending}" for start in ("connect", "nation", "pump", "replac") for ending in _ENDINGS[:60]]
    expected = {word: terms_of(word) for word in words}
    program = (
        "import json, sys\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from edge.kernel.protocol.packs.terms import terms_of\n"
        "sys.setswitchinterval(1e-6)\nwords = json.loads(sys.stdin.read())\n"
        "with ThreadPoolExecutor(8) as threads:\n    print(json.dumps(list(threads.map(terms_of, words))))\n"
    )
    said = _run(program, words)
    assert dict(zip(words, said, strict=True)) == expected


def test_stemming_loads_no_language_but_english() -> None:
    program = (
        "import json, sys\nfrom edge.kernel.protocol.packs.terms import terms_of\n"
        "terms_of(json.loads(sys.stdin.read())[0])\n"
        "print(json.dumps([name for name in sys.modules if 'stemmer' in name]))\n"
    )
    assert _run(program, ["pumps"]) == []


@given(st.text(max_size=200))
def test_any_text_has_the_terms_of_the_hubs_index(text: str) -> None:
    assert terms_of(text) == analyse(text)


@given(st.text(alphabet="abcdeEs0123456789.-_/' 温度传感器的了在。，", max_size=80))
def test_codes_and_chinese_have_the_terms_of_the_hubs_index(text: str) -> None:
    assert terms_of(text) == analyse(text)


def test_words_are_those_that_may_have_a_vector() -> None:
    assert words_of("The pump's E-217 overheats, 泵 is hot") == ["pump", "overheats", "hot"]
