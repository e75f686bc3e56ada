"""Which of the waiting runs goes first: the more urgent one, but nobody waits for ever."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["AGEING_S", "Waiting", "first_of"]

AGEING_S = 60.0
"""Waiting so long is worth one step of priority: after ten minutes the least urgent run goes before any new one."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that could begin: its number, its job's priority (0 to 9), and how long it has waited, seconds."""

    run: int
    priority: int
    waited_s: float


def first_of(waiting: Iterable[Waiting]) -> Waiting | None:
    """The one to begin; of equals the one that came first. None where nothing waits."""
    return max(waiting, key=lambda one: (one.priority + one.waited_s / AGEING_S, -one.run), default=None)
