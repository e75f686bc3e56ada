"""Processes that ingest with an embedder without weights, to be killed or to run side by side.

    python -m tests.fakes.ingesters HOME FOLDER

For each line on stdin it forks a child that ingests the folder, prints the child's process id, and, when the child is
gone, how it ended. All imports are done before: what is killed is ingesting.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from memory.home import Home, open_home
from memory.store import KnowledgeStore, open_store
from tests.fakes.embedders import WordEmbedder

__all__ = ["Ingester", "ingester", "open_word_store"]

ROOT = Path(__file__).parents[2]


def open_word_store(home: Home) -> KnowledgeStore:
    """A store whose vectors need no weights."""
    return open_store(home, WordEmbedder)


class Ingester:
    """Starts ingesting in a fresh process, again and again."""

    def __init__(self, parent: "subprocess.Popen[str]") -> None:
        self._parent = parent

    def start(self) -> int:
        """Begin; returns the process id."""
        assert self._parent.stdin is not None
        self._parent.stdin.write("go\n")
        self._parent.stdin.flush()
        return int(self._line())

    def kill(self, process: int) -> bool:
        """kill -9; returns whether it still ran."""
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def wait(self) -> int:
        """How the process that was started last ended: its exit code, or less the signal."""
        return int(self._line())

    def _line(self) -> str:
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline()
        assert line, "the ingesting process's parent died"
        return line


@contextmanager
def ingester(home: Home, folder: Path) -> Generator[Ingester]:
    """A process that starts ingesting processes for this home and folder."""
    command = [sys.executable, "-m", __name__, str(home.root), str(folder)]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield Ingester(parent)
    finally:
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(60)
        assert parent.stdout is not None
        parent.stdout.close()


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
