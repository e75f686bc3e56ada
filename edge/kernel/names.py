"""Names that are nearest to a wrong one: what somebody meant, or could be offered instead."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_PARTLY = 90.0
"""Likeness of a name that has all words of the wrong one, and others."""


def nearest_names(
    wrong: str, names: Iterable[str], limit: int = 3, least: float = 60.0, *, partly: bool = True
) -> list[str]:
    """The names that are most like `wrong`, best first; case and what stands between words do not count.

    Args:
        least: likeness from 0 to 100; a name that is less alike is left out.
        partly: a name that has all words of the wrong one, and others, is like it, too.
    """
    matcher = SequenceMatcher()
    matcher.set_seq2(sought := _plain(wrong))
    scored: list[tuple[float, str]] = []
    for name in names:
        matcher.set_seq1(plain := _plain(name))
        score = 100.0 if plain == sought else 100 * matcher.ratio() if _may_reach(matcher, least) else 0.0
        if partly and score < _PARTLY and sought and all(word in plain for word in sought.split("_")):
            score = _PARTLY
        if score >= least and sought:
            scored.append((score, name))
    return [name for _, name in sorted(scored, key=lambda pair: -pair[0])[:limit]]


def _may_reach(matcher: "SequenceMatcher[str]", least: float) -> bool:
    """Whether the likeness can be so much, judged at a glance."""
    return 100 * matcher.real_quick_ratio() >= least and 100 * matcher.quick_ratio() >= least


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")
