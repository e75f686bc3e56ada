"""Everything that is kept about documents, opened together: the ledger, its mirrors and the retriever."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from memory.documents.ingest import IngestReport, Progress, Stopwatch, ingest_paths
from memory.embedding import Embedder
from memory.home import Home, storage_errors
from memory.ledger import Ledger, open_ledger
from memory.mirrors.lexical import LexicalIndex, open_lexical_index
from memory.mirrors.projection import Mirror, is_behind, project, unheard
from memory.mirrors.vectors import VectorIndex
from memory.retrieval import Retriever


@dataclass(frozen=True)
class KnowledgeStore:
    """The documents of one home. Reading is open to any process; one process writes at a time.

    Attributes:
        wait_s: how long a writer waits for another one, seconds.
        scratch: where the vectors of a home lie that cannot be written to: Chroma writes where it reads.
    """

    home: Home
    ledger: Ledger
    lexical: LexicalIndex
    vectors: VectorIndex
    embedder: Embedder
    wait_s: float = 20.0
    scratch: TemporaryDirectory[str] | None = None

    @property
    def mirrors(self) -> tuple[Mirror, ...]:
        """What follows the ledger."""
        return (self.lexical, self.vectors)

    @cached_property
    def retriever(self) -> Retriever:
        return Retriever(self.ledger, self.lexical, self.vectors, self.embedder)

    def ingest(
        self,
        paths: Sequence[Path],
        tenant: str,
        limit_bytes: int,
        progress: Callable[[Progress, str], None] | None = None,
        waiting: Callable[[str], None] | None = None,
    ) -> IngestReport:
        """Read files and folders, and bring the mirrors up to date, batch by batch.

        Stopped or killed on the way, it leaves whole documents, and the same call goes on where it stopped.

        Args:
            progress: is told how far it is, and the same in words.
            waiting: is told what another process does that is waited for.

        Raises:
            Conflict: another process is writing documents.
            NotFound, InvalidInput, StorageFailed: as `memory.documents.ingest.ingest_paths`.
        """
        with self.home.lock("documents", "ingesting documents", self.wait_s, waiting) as tell:
            clock = Stopwatch()

            def note(reached: Progress) -> None:
                if words := clock.words(reached):
                    tell(f"ingesting documents, {words}")
                    if progress is not None:
                        progress(reached, words)

            report = ingest_paths(
                self.ledger, paths, tenant=tenant, limit_bytes=limit_bytes, progress=note, index=self._project
            )
            self._project()
        return report

    def catch_up(self) -> int:
        """Apply what an interrupted `ingest` left to the mirrors; returns how many changes that were.

        Raises:
            Conflict: another process is writing documents.
            StorageFailed: the disk is full, read-only or broken.
        """
        if not any(is_behind(self.ledger, mirror) for mirror in self.mirrors):
            return 0
        with self.home.lock("documents", "catching up with the ledger", wait_s=self.wait_s):
            return self._project()

    def close(self) -> None:
        for mirror in self.mirrors:
            mirror.close()
        self.ledger.close()
        if self.scratch is not None:
            self.scratch.cleanup()

    def _project(self, tell: Callable[[float], None] = unheard) -> int:
        return project(self.ledger, self.lexical) + project(self.ledger, self.vectors, tell)


def open_store(home: Home, load_embedder: Callable[[], Embedder], ledger: Ledger | None = None) -> KnowledgeStore:
    """Open all stores of a home.

    Args:
        ledger: open already; the one in the home where it is left out.

    Raises:
        StorageFailed: a store cannot be opened.
        Unavailable: the embedder is not installed.
    """
    embedder = load_embedder()
    scratch, vectors = None, home.vectors
    if not home.writable:
        scratch = TemporaryDirectory(prefix="chargehand-")
        vectors = Path(scratch.name) / home.vectors.name
        with storage_errors(vectors):
            if home.vectors.exists():
                shutil.copytree(home.vectors, vectors)
    return KnowledgeStore(
        home,
        ledger or open_ledger(home.ledger),
        open_lexical_index(home.lexical),
        VectorIndex(vectors, embedder),
        embedder,
        scratch=scratch,
    )
