"""One run of a job in a process group of its own, killed as a whole at its limits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Ended", "began_at", "end_group", "run_apart"]

_LONGEST_ANSWER = 1 << 20
_COMMAND = (sys.executable, "-m", "edge.jobs.child")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        outcome: "done", "failed", or "killed" with `why` it was.
        again: whether another attempt could help.
    """

    outcome: str
    elapsed_s: float
    result: Mapping[str, Any] | None = None
    why: str = ""
    again: bool = True

    def told(self) -> dict[str, Any]:
        """What the event of the run says of it."""
        rest = {"result": self.result} if self.result is not None else {"error": self.why}
        return {"elapsed_s": round(self.elapsed_s, 3), **rest}


def run_apart(
    order: Mapping[str, Any],
    wall_s: float,
    on_start: Callable[[int, int], None],
    command: Sequence[str] = _COMMAND,
) -> Ended:
    """Have a child process carry out an order (see `edge.jobs.child`). Blocks.

    Args:
        on_start: gets the process group, and when its leader began (see `began_at`), before it may do anything.
    """
    begun = time.monotonic()
    path = os.pathsep.join(filter(None, sys.path))  # an archive that this process runs from is found by the child too
    process = subprocess.Popen(  # noqa: S603  # a fixed program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        on_start(process.pid, began_at(process.pid))
        said, _ = process.communicate(json.dumps(order).encode(), timeout=wall_s)
    except subprocess.TimeoutExpired:
        return Ended("killed", time.monotonic() - begun, why=f"It took longer than {wall_s:g} s.", again=False)
    finally:
        _kill(process)
    return _read(process.returncode, said, time.monotonic() - begun, order)


def began_at(process: int) -> int:
    """When a process began, in ticks since the boot: with its number it is unmistakable. 0 where there is none."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError):
        return 0


def end_group(leader: int, began: int) -> None:
    """Kill what an earlier start of the daemon left of a run: the group, its leader being gone or not.

    A group's number is not given to another one as long as a member lives; one whose members began before the leader
    did is another one.
    """
    if leader <= 1 or not began:
        return
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            group, session, start = int(fields[2]), int(fields[3]), int(fields[19])
        except (OSError, IndexError, ValueError):  # it ended just now
            continue
        if leader in {group, session} and start >= began and int(path.parent.name) != os.getpid():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(path.parent.name), signal.SIGKILL)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The whole group: also what a tool started and left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _read(code: int, said: bytes, elapsed_s: float, order: Mapping[str, Any]) -> Ended:
    if code == -signal.SIGXCPU:
        return Ended("killed", elapsed_s, why=f"It took more than {order['cpu_s']:g} s of processor time.", again=False)
    try:
        answer: dict[str, Any] = json.loads(said[:_LONGEST_ANSWER])
    except ValueError:
        return Ended("failed", elapsed_s, why=f"Its process ended with status {code} and gave no answer.")
    if "result" in answer:
        return Ended("done", elapsed_s, result=answer["result"])
    outcome = "killed" if answer.get("killed") else "failed"
    why = f"{answer.get('error', '')} {answer.get('advice', '')}".strip()
    return Ended(outcome, elapsed_s, why=why, again=bool(answer.get("again")))
