"""Processes that reconcile the rollouts of a ledger on disk, to be killed.

    python -m tests.fakes.rollout_processes LEDGER

For each line on stdin, `go [WHERE]`, it forks a child that reconciles until nothing is due, prints the child's process
id, "ready" at its first change, and, when the child is gone, how it ended. WHERE is "before:STATE" or "after:STATE": the child kills itself there,
at its first change into that state. All imports are done before: what is killed is reconciling.
"""

import os
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from memory.ledger import open_ledger
from tests.fakes.forks import Forks, forking
from tests.fakes.rollouts import ScriptedWorld, traffic
from tools.rollouts.canary_analysis import Observed
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.rollout import GateAnswer, Rollout, Transition
from tools.rollouts.store import LedgerRolloutStore
from tools.runs import Worker

__all__ = ["RolloutProcesses", "rollout_processes"]


class DyingStore(LedgerRolloutStore):
    """Kills its own process just before, or just after, the transaction that changes a rollout into one state."""

    where = ""
    ready = False

    def commit(self, steps: Sequence[Transition], holder: str | None = None) -> list[Rollout]:
        self.tell_ready()
        states = {after.state for after, _ in steps}
        if self.where in {f"before:{state}" for state in states}:
            os.kill(os.getpid(), signal.SIGKILL)
        through = super().commit(steps, holder)
        if self.where in {f"after:{state}" for state in states}:
            os.kill(os.getpid(), signal.SIGKILL)
        return through

    def tell_ready(self) -> None:
        if not self.ready:
            print("ready", flush=True)
            self.ready = True


class RolloutProcesses:
    """Starts reconciling in a fresh process, again and again."""

    def __init__(self, forks: Forks) -> None:
        self._forks = forks
        self.kill, self.wait = forks.kill, forks.wait

    def start(self, where: str = "") -> int:
        """Begin; returns the process id once it makes its first change, or has none to make."""
        process = self._forks.start(f"go {where}")
        assert self._forks.line() == "ready\n"
        return process


@contextmanager
def rollout_processes(ledger: Path) -> Generator[RolloutProcesses]:
    """A process that starts reconciling processes for this ledger."""
    with forking(__name__, str(ledger)) as forks:
        yield RolloutProcesses(forks)


class Strict(ScriptedWorld):
    """Whose gate refuses the version `banned`."""

    def judge(self, rollout: Rollout) -> GateAnswer:
        return GateAnswer("fail", ("it is banned",)) if rollout.candidate.version == "banned" else self.gate


def reconcile(ledger: Path, where: str, seen: Mapping[str, Observed]) -> None:
    """Until nothing is due. The version `good` is as the former one, `bad` fails often, `idle` is not asked."""
    store = DyingStore(open_ledger(ledger))
    store.where = where
    reconciler = Worker(
        rollout_work(store, Strict(seen).world()), holder="the reconciler", clock=lambda: datetime.now(UTC)
    )
    while reconciler.run_once().looked_at:
        pass
    store.tell_ready()


def main() -> None:
    """Fork on demand."""
    import alembic.command  # noqa: F401  # not to be killed in

    ledger = Path(sys.argv[1])
    seen = {"old": traffic(20_000), "good": traffic(4000), "bad": traffic(100, 0.6)}
    for line in sys.stdin:
        begin, begun = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(begin, 1)
            reconcile(ledger, line.removeprefix("go").strip(), seen)
            os._exit(0)
        print(child, flush=True)
        os.write(begun, b"!")
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        os.close(begin)
        os.close(begun)


if __name__ == "__main__":
    main()
