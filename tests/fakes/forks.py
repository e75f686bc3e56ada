"""A warmed-up parent that forks a child for each line on its stdin, so that what is killed is the work, not imports."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["Forks", "forking"]

ROOT = Path(__file__).parents[2]


class Forks:
    """The parent prints a child's process id when it starts, and how it ended when it is gone."""

    def __init__(self, parent: "subprocess.Popen[str]") -> None:
        self._parent = parent

    def start(self, order: str = "go") -> int:
        """Begin; returns the process id."""
        assert self._parent.stdin is not None
        self._parent.stdin.write(f"{order}\n")
        self._parent.stdin.flush()
        return int(self.line())

    def kill(self, process: int) -> bool:
        """kill -9; returns whether it still ran."""
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def wait(self) -> int:
        """How the process that was started last ended: its exit code, or less the signal."""
        return int(self.line())

    def line(self) -> str:
        """The next thing that the parent says."""
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline()
        assert line, "the parent of the processes died"
        return line


@contextmanager
def forking(module: str, *arguments: str) -> Generator[Forks]:
    """Run the module as the parent until the end of the block."""
    command = [sys.executable, "-m", module, *arguments]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield Forks(parent)
    finally:
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(60)
        assert parent.stdout is not None
        parent.stdout.close()
