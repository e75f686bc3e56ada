"""Names that are most like a wrong one."""

from collections.abc import Iterable

__all__ = ["nearest_names"]


def nearest_names(wrong: str, names: Iterable[str], limit: int = 3, least: float = 60.0) -> list[str]:
    """The names that are most like `wrong`, best first; empty where none is alike to `least` (0 to 100)."""
    from rapidfuzz import fuzz, process, utils

    found = process.extract(
        wrong,
        list(names),
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=limit,
        score_cutoff=least,
    )
    return [name for name, _, _ in found]
