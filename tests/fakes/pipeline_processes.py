"""Processes that let pipelines go on in a ledger on disk, to be killed.

    python -m tests.fakes.pipeline_processes LEDGER

For each line on stdin it forks a child that looks at all pipelines until nothing can go on; it prints the child's
process id, "ready" when it begins to look, and, when the child is gone, how it ended.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from memory.ledger import open_ledger
from tests.fakes.judged import GATES
from tools.pipelines.reconciler import pipeline_work
from tools.runs import Worker

__all__ = ["main"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _look(ledger_file: Path) -> None:
    worker = Worker(pipeline_work(open_ledger(ledger_file), GATES, _utc_now), holder="hub", clock=_utc_now)
    print("ready", flush=True)
    while worker.run_once().changes:
        pass


def main() -> None:
    """Fork a child a line, and wait for it."""
    for _ in sys.stdin:
        begin, begun = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(begin, 1)
            _look(Path(sys.argv[1]))
            os._exit(0)
        print(child, flush=True)
        os.write(begun, b"!")
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        os.close(begin)
        os.close(begun)


if __name__ == "__main__":
    main()
