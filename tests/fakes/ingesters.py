"""Processes that ingest with an embedder without weights, to be killed or to run side by side.

    python -m tests.fakes.ingesters HOME FOLDER

For each line on stdin it forks a child that ingests the folder, prints the child's process id, and, when the child is
gone, how it ended. All imports are done before: what is killed is ingesting.
"""

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from memory.home import Home, open_home
from memory.store import KnowledgeStore, open_store
from tests.fakes.embedders import WordEmbedder
from tests.fakes.forks import Forks, forking

__all__ = ["ingester", "open_word_store"]


def open_word_store(home: Home) -> KnowledgeStore:
    """A store whose vectors need no weights."""
    return open_store(home, WordEmbedder)


def ingester(home: Home, folder: Path) -> AbstractContextManager[Forks]:
    """A process that starts ingesting processes for this home and folder."""
    return forking(__name__, str(home.root), str(folder))


def main() -> None:
    """Fork on demand."""
    import chromadb  # noqa: F401  # 2 s, not to be killed in

    home, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            open_word_store(open_home(home)).ingest([folder], "default", 10_000_000)
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
