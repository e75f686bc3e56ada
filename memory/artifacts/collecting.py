"""Removing contents that nobody refers to any more."""

from datetime import datetime, timedelta

from memory.artifacts.store import ArtifactStore, Stored

__all__ = ["GRACE", "collect"]

GRACE = timedelta(days=1)
"""So long a content may lie there before the ledger knows of it."""


def collect(store: ArtifactStore, kept: frozenset[str], now: datetime, grace: timedelta = GRACE) -> list[Stored]:
    """Remove what is not in `kept` and was put longer than `grace` ago, and what puts that broke off left.

    Args:
        now: with a time zone.

    Returns:
        What was removed.

    Raises:
        StorageFailed, Unavailable: as the store.
    """
    removed: list[Stored] = []
    for digest in store.digests():
        if digest in kept or store.modified(digest) > now - grace:
            continue
        found = Stored(digest, store.size(digest), store.url_of(digest))
        if store.delete(digest):
            removed.append(found)
    store.sweep(now - grace)
    return removed
