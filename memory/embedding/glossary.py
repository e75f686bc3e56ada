"""A Chinese-English glossary: MiniLM knows hardly any Chinese, so that a Chinese text is embedded by its gloss.

Measured against a multilingual embedder in docs/decisions/0031-embedder-for-two-languages.md.
"""

import hashlib
import re
from functools import cache, cached_property
from importlib.resources import files

from memory.yaml_text import parse_yaml

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_RUN = re.compile(r"[\u3400-\u9fff]+")
_MARKS = str.maketrans({"，": ", ", "。": ". ", "？": "? ", "、": ", ", "！": "! ", "：": ": "})


class Glossary:
    """Chinese to English, word for word. The longest word wins; a character that is in none is left out."""

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words
        self.digest = hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._words), default=1)

    def gloss(self, text: str) -> str:
        """`text` with each Chinese run replaced by its words in English; the rest stands as it is."""
        glossed = _RUN.sub(lambda match: f" {' '.join(self._gloss_run(match.group()))} ", text)
        return re.sub(r"\s+", " ", glossed.translate(_MARKS)).strip()

    def in_english(self, text: str) -> str:
        """What is embedded for a text: itself, or its gloss where it is Chinese and has one."""
        return (self.gloss(text) or text) if _CHINESE.search(text) else text

    def _gloss_run(self, run: str) -> list[str]:
        found: list[str] = []
        start = 0
        while start < len(run):
            for length in range(min(self._longest, len(run) - start), 0, -1):
                word = run[start : start + length]
                if word in self._words:
                    found.append(self._words[word])
                    break
            else:
                length = 1
            start += length
        return [word for word in found if word]


@cache
def load_glossary() -> Glossary:
    """Read `glossary.yaml`; about 30 ms, once."""
    text = files("memory.embedding").joinpath("glossary.yaml").read_text(encoding="utf-8")
    return Glossary({word: meaning for group in parse_yaml(text).values() for word, meaning in group.items()})
