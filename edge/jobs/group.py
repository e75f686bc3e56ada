"""All processes of one run together: counted, limited and killed as a whole, whatever session or group they moved to.

What keeps them together is what this machine has, and `describe_limits` says which it is:

- a control group (cgroup v2) below the agent's own: nothing leaves it, and it is killed at once. Where the controllers
  for memory and tasks are there, too (systemd: `Delegate=memory pids`), the kernel itself limits them;
- else a mark in the environment and the parents of each process. A program that clears its environment and outlives its
  parent could leave; none of the device's tools starts one.

What the kernel does not limit is watched ten times a second.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LOOK_EVERY_S = 0.1
MARK = "CHARGEHAND_JOB_RUN"
"""Variable of the environment that all processes of a run have."""
OWN_MB = 96
"""Memory of the run's first process before the tool does anything, which does not count."""
_AGENT, _JOBS = "agent", "jobs"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """What the processes of a run may use together: seconds of processor time, MiB beyond `OWN_MB`, threads."""

    cpu_s: float
    memory_mb: int
    tasks: int


class ProcessGroup(Protocol):
    """The processes of one run."""

    def add(self, process: int) -> None:
        """Take the first process in; what it starts later is in, too."""
        ...

    def processes(self) -> list[int]:
        """Those that are there."""
        ...

    def kill(self) -> None:
        """Kill all, and let go of what was set up for them."""
        ...

    def killed_by_kernel(self) -> str:
        """What the kernel ended the run for ("memory"); empty where it did not."""
        ...


def open_group(mark: str, limits: GroupLimits) -> ProcessGroup:
    """A group for one run.

    Args:
        mark: names the run; no other that runs at the same time has it.
    """
    place = _jobs_place()
    if place is not None:
        with suppress(OSError):
            return ControlGroup(place / mark, limits)
    return MarkedProcesses(mark)


def describe_limits() -> str:
    """What limits jobs on this machine, in words for `doctor`."""
    place = _jobs_place()
    if place is None:
        return "no control group can be made here: processes are found by mark and parent, and watched"
    there = _words(place / "cgroup.controllers")
    kernel = [name for name, controller in (("memory", "memory"), ("tasks", "pids")) if controller in there]
    watched = [name for name in ("memory", "tasks") if name not in kernel]
    told = f"control group {place}"
    told += f"; the kernel limits {' and '.join(kernel)}" if kernel else ""
    return told + (f"; {' and '.join(watched)} watched (no controller is delegated)" if watched else "")


def mark_of(home: Path, run: str) -> str:
    """The mark of a run of the agent on this home."""
    return f"{hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]}-{run}"


def sweep_groups(home: Path) -> None:
    """Kill what an earlier start of the agent on this home left; only who alone works on its jobs may do that."""
    prefix, place = mark_of(home, ""), _jobs_place()
    for folder in place.glob(f"{prefix}*") if place is not None else ():
        _end_control_group(folder)
    MarkedProcesses(prefix, whole=False).kill()


class ControlGroup:
    """A folder of cgroup v2."""

    def __init__(self, folder: Path, limits: GroupLimits) -> None:
        folder.mkdir()
        self._folder = folder
        for name, value in (
            ("memory.max", (limits.memory_mb + OWN_MB) << 20),
            ("memory.swap.max", 0),
            ("memory.oom.group", 1),
            ("pids.max", limits.tasks),
        ):
            if (folder / name).exists():  # the controller is there
                with suppress(OSError):
                    (folder / name).write_text(str(value))

    def add(self, process: int) -> None:
        (self._folder / "cgroup.procs").write_text(str(process))

    def processes(self) -> list[int]:
        return _members(self._folder)

    def kill(self) -> None:
        _end_control_group(self._folder)

    def killed_by_kernel(self) -> str:
        with suppress(OSError):
            for line in (self._folder / "memory.events").read_text().splitlines():
                name, _, count = line.partition(" ")
                if name in {"oom_kill", "oom_group_kill"} and int(count):
                    return "memory"
        return ""


class MarkedProcesses:
    """Processes with a mark in their environment, and all that descend from them.

    Args:
        whole: the mark is not just the beginning of one.
    """

    def __init__(self, mark: str, *, whole: bool = True) -> None:
        self._mark = f"{MARK}={mark}".encode() + (b"\0" if whole else b"")
        self._known = set[int]()

    def add(self, process: int) -> None:
        self._known.add(process)

    def processes(self) -> list[int]:
        parents = dict[int, int]()
        found = set[int]()
        for number in _numbers():
            with suppress(OSError, IndexError, ValueError):
                parents[number] = int(_fields(number)[1])
                if self._mark in Path(f"/proc/{number}/environ").read_bytes() + b"\0":
                    found.add(number)
        found |= self._known & parents.keys()
        while more := {one for one, parent in parents.items() if parent in found} - found:
            found |= more
        self._known |= found
        return sorted(found - {os.getpid()})

    def kill(self) -> None:
        for _ in range(20):
            living = [one for one in self.processes() if _lives(one)]
            if not living:
                return
            _kill(living)
            time.sleep(0.02)

    def killed_by_kernel(self) -> str:
        return ""


class Watch:
    """Looks at a group until it is stopped, and kills it where it uses more than it may; `why` then says what."""

    def __init__(self, group: ProcessGroup, limits: GroupLimits) -> None:
        self.why = ""
        self._group = group
        self._limits = limits
        self._stop = threading.Event()
        self._used = dict[tuple[int, int], float]()
        self._thread = threading.Thread(target=self._run, daemon=True, name="job-limits")
        self._thread.start()

    def end(self) -> str:
        """Stop looking; returns `why`."""
        self._stop.set()
        self._thread.join()
        return self.why or self._group.killed_by_kernel()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self.why = self._beyond()
            if self.why:
                _kill(self._group.processes())
                return

    def _beyond(self) -> str:
        tasks, memory = 0, 0
        processes = self._group.processes()
        for number in processes:
            with suppress(OSError, IndexError, ValueError):
                fields = _fields(number)
                self._used[number, int(fields[19])] = (int(fields[11]) + int(fields[12])) / _TICKS
                tasks += int(fields[17])
                memory += int(fields[21]) * _PAGE
        if tasks > self._limits.tasks:
            return "tasks"
        if sum(self._used.values()) > self._limits.cpu_s + 1:
            return "cpu"
        most = (self._limits.memory_mb + OWN_MB) << 20
        if memory > most and sum(_share_of_memory(number) for number in processes) > most:
            return "memory"
        return ""


_PAGE = os.sysconf("SC_PAGE_SIZE")


def _share_of_memory(process: int) -> int:
    """Bytes, with what it shares with others divided among them; 0 where it is gone."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def _jobs_place() -> Path | None:
    """The folder for groups of runs; None where this process cannot have one. The agent moves below its own group."""
    own = _own_folder()
    if own is None or not os.access(own, os.W_OK):
        return None
    place = own.parent / _JOBS if own.name == _AGENT else own / f"chargehand-{_JOBS}"
    if own.name != _AGENT and own != _mount() and _delegated(own):
        with suppress(OSError):
            place = _move_below(own)
    try:
        place.mkdir(exist_ok=True)
        with suppress(OSError):
            _enable(place)
    except OSError:
        return None
    return place


def _own_folder() -> Path | None:
    mount = _mount()
    if mount is None:
        return None
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                folder = mount / line.removeprefix("0::").strip().lstrip("/")
                return folder if (folder / "cgroup.procs").exists() else None
    return None


def _mount() -> Path | None:
    """Where cgroup v2 is mounted, by the kernel's own word: a folder of that name may be any file system."""
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            if after.split(" ", 1)[0] == "cgroup2" and before.split()[3] == "/":
                return Path(before.split()[4])
    return None


def _delegated(own: Path) -> bool:
    """Whether the group is this agent's alone, with controllers to hand on."""
    mine = {os.getpid(), *MarkedProcesses(f"agent-{os.getpid()}").processes()}
    return {"memory", "pids"} <= _words(own / "cgroup.controllers") and set(_members(own)) <= mine | {os.getpid()}


def _move_below(own: Path) -> Path:
    """Move the agent into a group of its own, since controllers are handed on only by a group without processes."""
    agent = own / _AGENT
    agent.mkdir(exist_ok=True)
    for process in _words(own / "cgroup.procs"):
        (agent / "cgroup.procs").write_text(process)
    (own / "cgroup.subtree_control").write_text("+memory +pids")
    return own / _JOBS


def _enable(place: Path) -> None:
    wanted = {"memory", "pids"} & _words(place / "cgroup.controllers")
    if wanted:
        (place / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(wanted)))


def _end_control_group(folder: Path) -> None:
    for _ in range(100):
        with suppress(OSError):
            (folder / "cgroup.kill").write_text("1")
        members = _members(folder)
        _kill(members)
        if not members:
            with suppress(OSError):
                folder.rmdir()
            if not folder.exists():
                return
        time.sleep(0.02)


def _members(folder: Path) -> list[int]:
    with suppress(OSError):
        return sorted(int(one) for one in _words(folder / "cgroup.procs"))
    return []


def _words(path: Path) -> set[str]:
    try:
        return set(path.read_text(encoding="ascii").split())
    except OSError:
        return set()


def _numbers() -> Iterable[int]:
    return (int(path.name) for path in Path("/proc").glob("[0-9]*"))


def _fields(process: int) -> list[str]:
    """Of /proc/N/stat, from the state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _lives(process: int) -> bool:
    try:
        return _fields(process)[0] not in {"Z", "X"}
    except (OSError, IndexError):
        return False


def _kill(processes: Iterable[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)
