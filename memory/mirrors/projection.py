"""The outbox projection: applies the ledger's changes to a mirror, and moves its watermark; may be killed any time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from memory.documents.passages import Chunk
from memory.ledger import Ledger

_CHANGES_AT_ONCE = 64


def unheard(_: float) -> None:
    """Nobody asks how far it is."""


class Mirror(ABC):
    """A store that holds a copy of the ledger's chunks. Applying the same change twice gives the same store."""

    name: str
    """Key of its watermark: the position in the outbox up to which it holds everything."""

    _watermark = -1

    @abstractmethod
    def damaged(self) -> bool:
        """Whether it holds nothing that can be trusted: new, lost, or left half-written by a process that died."""

    @abstractmethod
    def clear(self) -> None:
        """Hold nothing."""

    @abstractmethod
    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        """Hold exactly these chunks of the document (none: it is gone), once `flush` returns.

        Args:
            former: how many chunks the document had before; those beyond `len(chunks)` are removed.
        """

    @abstractmethod
    def flush(self, tell: Callable[[float], None] = unheard) -> None:
        """Make what was replaced durable.

        Args:
            tell: is told the share that is done, 0 to 1, now and then.

        Raises:
            StorageFailed: the disk is full, read-only or broken.
        """

    @abstractmethod
    def rollback(self) -> None:
        """Forget what was replaced since the last `flush`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the store."""

    @abstractmethod
    def reopen(self) -> None:
        """Let go of what is held in memory, before changes are applied: another process may have written since."""

    def advanced(self, watermark: int) -> None:
        """Remember that this process itself moved the watermark."""
        self._watermark = watermark


def is_behind(ledger: Ledger, mirror: Mirror) -> bool:
    """Whether `project` has anything to do."""
    return bool(ledger.outbox.pending(mirror.name, 1)) or (
        ledger.outbox.watermark(mirror.name) > 0 and mirror.damaged()
    )


def project(ledger: Ledger, mirror: Mirror, tell: Callable[[float], None] = unheard) -> int:
    """Bring `mirror` up to the ledger; returns how many changes it applied.

    The watermark moves only after the mirror is durable, so a crash in between applies some changes again. A damaged
    mirror is cleared and made anew from the first change on.

    Args:
        tell: is told the share of the changes at hand that is done, 0 to 1.
    """
    mirror.reopen()
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
            mirror.flush(tell)
        except BaseException:
            mirror.rollback()
            raise
        ledger.outbox.advance(mirror.name, changes[-1].position)
        mirror.advanced(changes[-1].position)
        done += len(changes)
    return done
