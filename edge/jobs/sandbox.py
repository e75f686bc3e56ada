"""One run of a job: one call of a tool in a child process, within limits, all that it started killed at the end.

This module is both sides of it. Run as a program it is the child, with the order as JSON on its standard input:
"toolbox" ("module:function" that makes the box of a device, called with "folder"), "folder", "tool", "arguments",
"by", "cpu_s", "memory_mb", "tasks". Its answer, one JSON object on standard output, has "result", or "error" with
"advice" and "again": whether another attempt could help.
"""

import ctypes
import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from edge.jobs.group import MARK, GroupLimits, Watch, mark_of, open_group
from edge.kernel.errors import CallerError, ChargehandError

_LONGEST_ANSWER = 1 << 20
MOST_TASKS = 64
"""Processes and threads of a run together, where its job does not say."""
_COMMAND = (sys.executable, "-m", "edge.jobs.sandbox")


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

    def event_body(self) -> dict[str, Any]:
        """Body of the event that records the run."""
        rest = {"result": self.result} if self.result is not None else {"error": self.why}
        return {"elapsed_s": round(self.elapsed_s, 3), **rest}


def run_apart(
    order: Mapping[str, Any],
    wall_s: float,
    on_start: Callable[[int, int], None],
    command: Sequence[str] = _COMMAND,
) -> Ended:
    """Have a child process carry out an order (see `edge.jobs.sandbox`). Blocks.

    Args:
        on_start: gets the process group, and when its leader began (see `began_at`), before it may do anything.
    """
    begun = time.monotonic()
    path = os.pathsep.join(filter(None, sys.path))  # an archive that this process runs from is found by the child too
    mark = mark_of(Path(order["folder"]), secrets.token_hex(6))
    limits = GroupLimits(float(order["cpu_s"]), int(order["memory_mb"]), int(order.get("tasks", MOST_TASKS)))
    group = open_group(mark, limits)
    process = subprocess.Popen(  # noqa: S603  # a fixed program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path, MARK: mark},
    )
    watch: Watch | None = None
    beyond = ""
    try:
        group.add(process.pid)  # it waits for its order, so nothing was started yet
        watch = Watch(group, limits)
        on_start(process.pid, began_at(process.pid))
        said, _ = process.communicate(json.dumps(order).encode(), timeout=wall_s)
    except subprocess.TimeoutExpired:
        return Ended("killed", time.monotonic() - begun, why=f"It took longer than {wall_s:g} s.", again=False)
    finally:
        beyond = watch.end() if watch is not None else ""
        group.kill()
        _kill(process)
    if beyond:
        return Ended("killed", time.monotonic() - begun, why=_too_much(beyond, order, limits), again=False)
    return _read(process.returncode, said, time.monotonic() - begun, order)


def _too_much(what: str, order: Mapping[str, Any], limits: GroupLimits) -> str:
    return {
        "cpu": f"It took more than {order['cpu_s']:g} s of processor time.",
        "memory": f"It wanted more than {order['memory_mb']} MiB of memory.",
        "tasks": f"It had more than {limits.tasks} tasks at a time.",
    }[what]


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


_NICENESS = 5
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def _answer(order: Mapping[str, Any]) -> dict[str, Any]:
    """Make the box, take on the limits, call the tool."""
    try:
        module, _, function = str(order["toolbox"]).partition(":")
        toolbox: Any = getattr(import_module(module), function)(Path(order["folder"]))
        _limit(int(order["memory_mb"]), float(order["cpu_s"]))
        return {"result": toolbox.call(order["tool"], order["arguments"], by=order["by"])}
    except ChargehandError as error:
        return {"error": error.message, "advice": error.advice, "again": not isinstance(error, CallerError)}
    except MemoryError:
        return {"error": f"It wanted more than {order['memory_mb']} MiB of memory.", "killed": "memory", "again": False}


def _main() -> None:
    """Read the order, answer it. What tools print goes to standard error."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)
    told = os.dup(1)
    os.dup2(2, 1)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said = json.dumps(_answer(json.load(sys.stdin))).encode()
    with os.fdopen(told, "wb") as output:
        output.write(said)
    os._exit(0)  # threads of a tool whose time is over may still be at work


def _limit(memory_mb: int, cpu_s: float) -> None:
    """Memory is counted from what the process has now, processor time too."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + (memory_mb << 20))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + cpu_s) + 1)


def _lower(kind: int, limit: int) -> None:
    _, most = resource.getrlimit(kind)
    wanted = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(kind, (wanted, most))


if __name__ == "__main__":
    _main()
