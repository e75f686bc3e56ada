"""Three-valued logic of Kleene: True, False, and None for unknown. What is not known is never taken for true."""

from collections.abc import Iterable

__all__ = ["Truth", "all_of", "any_of", "negation", "same_of"]

Truth = bool | None


def negation(one: Truth) -> Truth:
    return None if one is None else not one


def all_of(truths: Iterable[Truth]) -> Truth:
    """False where one is false, else unknown where one is unknown, else true."""
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """True where one is true, else unknown where one is unknown, else false."""
    return negation(all_of(negation(one) for one in truths))


def same_of(truths: Iterable[Truth]) -> Truth:
    """What all agree on; unknown where they disagree, or where there are none."""
    found = set(truths)
    return found.pop() if len(found) == 1 else None
