"""A mirror in memory that fails where the test says."""

from collections.abc import Sequence

from memory.passages import Chunk

__all__ = ["BrokenMirror", "MemoryMirror"]


class BrokenMirror(Exception):
    """What the mirror raises when it is told to."""


class MemoryMirror:
    """Keeps chunk texts by document; what is not flushed is lost, as in a crash.

    Attributes:
        kept: document id -> its chunk texts, as of the last flush.
        fail_at: how many further calls work before one fails; None never fails.
    """

    name = "memory"

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}
        self.fail_at: int | None = None
        self._waiting: dict[str, list[str]] = {}

    def replace(self, tenant: str, document_id: str, title: str, chunks: Sequence[Chunk], former: int) -> None:
        self._step()
        self._waiting[document_id] = [chunk.text for chunk in chunks]

    def flush(self) -> None:
        self._step()
        self.kept.update(self._waiting)
        self.kept = {key: texts for key, texts in self.kept.items() if texts}
        self._waiting.clear()
        self._step()

    def rollback(self) -> None:
        self._waiting.clear()

    def _step(self) -> None:
        if self.fail_at is None:
            return
        self.fail_at -= 1
        if self.fail_at < 0:
            self.fail_at = None
            raise BrokenMirror
