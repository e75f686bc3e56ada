"""Processes that put a content into an artifact store, to be killed.

    python -m tests.fakes.putters HOME BYTES

For each line on stdin, a number, it forks a child that puts the content of this number, prints the child's process id,
and, when the child is gone, how it ended.
"""

import hashlib
import io
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from memory.artifacts import open_artifacts
from memory.home import Home, open_home
from tests.fakes.forks import Forks, forking

__all__ = ["content", "putter"]


def content(number: int, size_bytes: int) -> bytes:
    """Always the same for a number."""
    return hashlib.shake_128(str(number).encode()).digest(size_bytes)


def putter(home: Home, size_bytes: int) -> AbstractContextManager[Forks]:
    """A process that starts putting processes for this home."""
    return forking(__name__, str(home.root), str(size_bytes))


def main() -> None:
    """Fork on demand."""
    import fsspec  # noqa: F401  # not to be killed in

    home, size_bytes = open_home(Path(sys.argv[1])), int(sys.argv[2])
    for line in sys.stdin:
        given = io.BytesIO(content(int(line), size_bytes))
        child = os.fork()
        if child == 0:
            open_artifacts(home).put(given)
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
