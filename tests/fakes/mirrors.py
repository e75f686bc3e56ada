"""A mirror in memory that fails where the test says."""

from collections.abc import Sequence

from memory.documents.passages import Chunk
from memory.mirrors.projection import Mirror

__all__ = ["BrokenMirror", "MemoryMirror"]


class BrokenMirror(Exception):
    """What the mirror raises when it is told to."""


class MemoryMirror(Mirror):
    """Keeps chunk texts by chunk, as a real store does; what is not flushed is lost, as in a crash.

    Attributes:
        kept: (document id, ordinal) -> the chunk's text, as of the last flush.
        fail_at: how many further calls work before one fails; None never fails.
        advances: positions to which the watermark was moved.
        torn: a flush died in the middle, and what it left cannot be trusted.
    """

    name = "memory"

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], str] = {}
        self.fail_at: int | None = None
        self.advances: list[int] = []
        self.torn = False
        self._waiting: dict[tuple[str, int], str | None] = {}

    def damaged(self) -> bool:
        return self.torn

    def clear(self) -> None:
        self._step()
        self.kept.clear()
        self.torn = False
        self._step()

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        self._step()
        self._waiting |= {(document_id, ordinal): None for ordinal in range(len(chunks), former)}
        self._waiting |= {(document_id, chunk.ordinal): chunk.text for chunk in chunks}

    def flush(self, tell=None) -> None:
        self._step()
        self.torn = True
        for key, text in self._waiting.items():
            self.kept.pop(key, None)
            if text is not None:
                self.kept[key] = text
            self._step()
        self._waiting.clear()
        self.torn = False
        self._step()

    def rollback(self) -> None:
        self._waiting.clear()

    def advanced(self, watermark: int) -> None:
        self.advances.append(watermark)

    def reopen(self) -> None:
        """No other process has it."""

    def close(self) -> None:
        self._waiting.clear()

    def _step(self) -> None:
        if self.fail_at is None:
            return
        self.fail_at -= 1
        if self.fail_at < 0:
            self.fail_at = None
            raise BrokenMirror
