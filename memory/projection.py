"""Carry the ledger's changes to the mirrors, each at its own pace; safe to kill at any instruction."""

from collections.abc import Callable, Sequence
from typing import Protocol

from memory.documents.passages import Chunk
from memory.ledger import Ledger

__all__ = ["Mirror", "is_behind", "project"]

_CHANGES_AT_ONCE = 64


class Mirror(Protocol):
    """A store that holds a copy of the ledger's chunks. Applying the same change twice gives the same store."""

    @property
    def name(self) -> str:
        """Key of its watermark."""
        ...

    def damaged(self) -> bool:
        """Whether it holds nothing that can be trusted: new, lost, or left half-written by a process that died."""
        ...

    def clear(self) -> None:
        """Hold nothing."""
        ...

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        """Hold exactly these chunks of the document (none: it is gone), once `flush` returns."""
        ...

    def flush(self) -> None:
        """Make what was replaced durable."""
        ...

    def rollback(self) -> None:
        """Forget what was replaced since the last `flush`."""
        ...


def is_behind(ledger: Ledger, mirror: Mirror) -> bool:
    """Whether `project` has anything to do."""
    return bool(ledger.outbox.pending(mirror.name, 1)) or (
        ledger.outbox.watermark(mirror.name) > 0 and mirror.damaged()
    )


def project(ledger: Ledger, mirror: Mirror, applied: Callable[[int], None] | None = None) -> int:
    """Bring `mirror` up to the ledger; returns how many changes it applied.

    The watermark moves only after the mirror is durable, so a crash in between applies some changes again. A damaged
    mirror is cleared and made anew from the first change on.

    Args:
        applied: told the position after each step.
    """
    if mirror.damaged():
        mirror.clear()
        if ledger.outbox.watermark(mirror.name) > 0:
            ledger.outbox.advance(mirror.name, 0)
    done = 0
    while changes := ledger.outbox.pending(mirror.name, _CHANGES_AT_ONCE):
        latest = {change.document_id: change for change in changes}
        former = {key: max(c.former_chunks for c in changes if c.document_id == key) for key in latest}
        current = ledger.documents.chunks_of(list(latest))
        try:
            for document_id, change in latest.items():
                title, chunks = current.get(document_id, ("", []))
                mirror.replace(change.tenant, document_id, title, chunks, former[document_id])
            mirror.flush()
        except BaseException:
            mirror.rollback()
            raise
        ledger.outbox.advance(mirror.name, changes[-1].position)
        if applied is not None:
            applied(changes[-1].position)
        done += len(changes)
    return done
