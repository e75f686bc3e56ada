"""Which versions of the model are evicted from the disk for a new one."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from edge.model_lifecycle.store import Version

__all__ = ["Budget", "Memory", "Shortage", "select_evictions"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that models may take together, and bytes that stay free on the disk whatever they take."""

    models_bytes: int = 8 << 30
    reserve_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that the machine has, and bytes that a program could take now without anything being pushed out."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A version does not fit.

    Attributes:
        for_ever: not even if nothing else were on the disk.
    """

    why: str
    for_ever: bool


def select_evictions(
    new: Version, kept: Sequence[Version], pinned: AbstractSet[str], free_bytes: int, budget: Budget, copies: int = 2
) -> list[Version] | Shortage:
    """The versions to remove so that the new one fits, the oldest first; as few as that takes.

    Args:
        kept: all versions whose contents are on the disk; contents that two share count once.
        pinned: names that must stay: what runs, and what is fallen back on.
        copies: how often new content is on the disk at worst: as fetched, and as the runtime keeps it.
    """
    sizes = {ref.digest: ref.size_bytes for ref in new.contents}
    whole = sum(sizes.values())
    if whole > budget.models_bytes:
        return Shortage(f"It takes {whole} bytes; models may take {budget.models_bytes}.", for_ever=True)
    staying = [version for version in kept if version.name != new.name]
    leaving = list[Version]()
    removable = [version for version in staying if version.name not in pinned]
    while True:
        present = {ref.digest: ref.size_bytes for version in staying for ref in version.contents}
        coming = sum(size for digest, size in sizes.items() if digest not in present)
        gone = {ref.digest: ref.size_bytes for version in leaving for ref in version.contents}
        won = sum(size for digest, size in gone.items() if digest not in present)
        over = sum(present.values()) + coming - budget.models_bytes
        short = coming * copies + budget.reserve_bytes - free_bytes - won
        if over <= 0 and (short <= 0 or not coming):
            return leaving
        if not removable:
            return Shortage("The versions that must stay leave too little room.", for_ever=False)
        leaving.append(removable.pop(0))
        staying.remove(leaving[-1])
