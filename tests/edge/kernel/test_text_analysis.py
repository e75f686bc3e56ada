"""Index terms: stems, codes, Chinese pairs; the same as any index on a disk was made with."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import snowballstemmer
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.kernel.canonical import digest_of
from edge.kernel.text_analysis import terms_of, words_of

_ENDINGS = (
    "ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness ousness aliti iviti"
    " biliti logi fulli lessli li icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent"
    " ion ism ate iti ous ive ize eed ed ing edly ingly eedly sses ies ied us ss s 's ' y e l ll at bl iz bb ogist"
).split()

CODES = (
    "error E-217 again", "qwen2.5-3b", "SE30的风扇转速", "温度过高，请检查传感器的电源", "我的车", "a/b", "it's the gateway's fan",
    'say "AND" OR (NEAR*)', "The v1.2.3_rc4 of node-exporter/9100", "O'Brien's 0xFF 3,000 kPa -12.5 °C", "什么是RS-485总线？",
    "İstanbul STRASSE ΣΊΣΥΦΟΣ naïve", "\u2028x\0y", "ſs ﬁne", "",
)  # fmt: skip
STEMMER = snowballstemmer.stemmer("english")


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
def test_any_word_has_the_stem_that_the_whole_library_gives(start: str, endings: list[str]) -> None:
    word = start + "".join(endings)
    assume(word.isalpha() and terms_of(word))
    assert terms_of(word) == [STEMMER.stemWord(word)]


@pytest.mark.parametrize(("word", "stem"), [("running", "run"), ("skies", "sky"), ("nationalization", "nation")])
def test_english_words_are_stemmed(word: str, stem: str) -> None:
    assert terms_of(word) == [stem]


def test_every_word_of_the_samples_has_the_stem_that_the_whole_library_gives(samples: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in samples.rglob("*.md")).lower()
    words = set("".join(letter if letter.isascii() and letter.isalpha() else " " for letter in text).split())
    assert len(words) > 200
    found = {word: terms for word in words if (terms := terms_of(word))}
    assert found == {word: [STEMMER.stemWord(word)] for word in found}


def test_threads_that_stem_at_once_do_not_disturb_each_other() -> None:
    words = [f"{start}{ending}" for start in ("connect", "nation", "pump", "replac") for ending in _ENDINGS[:60]]
    expected = {word: terms_of(word) for word in words}
    program = (
        "import json, sys\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from edge.kernel.text_analysis import terms_of\n"
        "sys.setswitchinterval(1e-6)\nwords = json.loads(sys.stdin.read())\n"
        "with ThreadPoolExecutor(8) as threads:\n    print(json.dumps(list(threads.map(terms_of, words))))\n"
    )
    said = _run(program, words)
    assert dict(zip(words, said, strict=True)) == expected


def test_stemming_loads_no_language_but_english() -> None:
    program = (
        "import json, sys\nfrom edge.kernel.text_analysis import terms_of\n"
        "terms_of(json.loads(sys.stdin.read())[0])\n"
        "print(json.dumps([name for name in sys.modules if 'stemmer' in name]))\n"
    )
    assert _run(program, ["pumps"]) == []


def test_terms_are_those_that_indexes_were_made_with() -> None:
    """Other terms need another `ANALYSER`, and another `ANALYSER_VERSION` of the hub's index."""
    words = [f"{start}{ending}" for start in ("connect", "nation", "pump", "replac") for ending in _ENDINGS]
    texts = [*words, " ".join(words), *CODES]
    assert (
        digest_of([terms_of(text) for text in texts])
        == "934ef15b9b3194d5778df7bf619ef1249f3583533c6de9c6de90823c20d68c4e"
    )


def test_words_are_those_that_may_have_a_vector() -> None:
    assert words_of("The pump's E-217 overheats, 泵 is hot") == ["pump", "overheats", "hot"]
