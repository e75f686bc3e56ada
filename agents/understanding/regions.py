"""Countries and groups of countries by what people call them, as the codes that operations take."""

import re
from functools import lru_cache
from importlib.resources import files
from typing import cast

from memory.yaml_text import parse_yaml
from tools.governance.evidence import REGIONS

_FILE = "regions.yaml"
_CODE = re.compile(rf"(?<![A-Za-z0-9_@.:-])(?:{'|'.join(one for one in REGIONS if one.isupper())})(?![A-Za-z0-9_@:-])")
"""Codes count in capitals alone: "in", "it" and "us" are words."""


def regions_in(text: str) -> list[tuple[int, int, str]]:
    """Start, end and code of every region that is named, in order."""
    found = [(*match.span(), match[0]) for match in _CODE.finditer(text)]
    found += [(*match.span(), _names()[match[0].casefold()]) for match in _names_pattern().finditer(text)]
    return sorted(found)


def region_of(words: str) -> str | None:
    """The one region that these words name; None for none and for several."""
    codes = {code for _, _, code in regions_in(words)}
    return codes.pop() if len(codes) == 1 else None


@lru_cache(1)
def _names() -> dict[str, str]:
    body = cast("dict[str, list[str]]", parse_yaml(files("agents.understanding").joinpath(_FILE).read_bytes()))
    return {name.casefold(): code for code, names in body.items() for name in names}


@lru_cache(1)
def _names_pattern() -> re.Pattern[str]:
    latin = sorted((name for name in _names() if name.isascii()), key=len, reverse=True)
    han = sorted((name for name in _names() if not name.isascii()), key=len, reverse=True)
    return re.compile(
        rf"(?<![A-Za-z0-9_@-])(?:{'|'.join(map(re.escape, latin))})(?![A-Za-z0-9_@-])|{'|'.join(map(re.escape, han))}",
        re.IGNORECASE,
    )
