"""Diagnostics: commands with fixed words, by name, from an allow-list.

They run so that none can outlive its time, fill the disk or the memory, or be given anything.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from typing import Annotated, Any

from pydantic import Field

from edge.kernel.errors import NotAllowed, NotFound, OutOfTime, ToolFailed
from edge.tools.deadline import time_left
from edge.tools.registry import read_policy
from edge.tools.tool import DeviceTool, device_tool

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C.UTF-8", "TERM": "dumb", "HOME": "/nonexistent"}
_LIMITED = """
import ctypes, os, resource, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the agent
for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(ignored, signal.SIG_DFL)
for name, most in (pair.split("=") for pair in sys.argv[1].split(",")):
    kind = getattr(resource, name)
    hard = resource.getrlimit(kind)[1]
    most = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
    resource.setrlimit(kind, (most, most))
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes the program once its limits are set. A process with threads cannot do that between fork and exec."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command did.

    Attributes:
        status: exit status; negative: the signal that ended it.
        output: both streams as they came; `cut` where it had more to say, and was ended for it.
    """

    status: int
    output: bytes
    cut: bool
    elapsed_s: float


def run_command(argv: Sequence[str], timeout_s: float, output_bytes: int, memory_mb: int = 512) -> Finished:
    """Run a command without a shell, in a session of its own; nothing of that session outlives the call.

    Raises:
        NotFound: the program is not installed.
        OutOfTime: it took longer, and was killed with all that it had started.
        ToolFailed: it could not be started.
    """
    program = shutil.which(argv[0], path=PATH)
    if program is None:
        raise NotFound(f"{argv[0]} is not installed on this device.")
    began = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603  # fixed words from an allow-list
            [sys.executable, "-I", "-S", "-c", _LIMITED, _limits(timeout_s, memory_mb), program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolFailed(f"{argv[0]} cannot be started: {error.strerror}.") from error
    try:
        output, cut, late = _read(process, began + timeout_s, output_bytes)
    finally:
        status = _end(process)
    if late:
        raise OutOfTime(f"{argv[0]} took longer than {timeout_s:g} s and was ended.")
    return Finished(status, output, cut, time.monotonic() - began)


def _limits(timeout_s: float, memory_mb: int) -> str:
    limits = {"CORE": 0, "FSIZE": 0, "NOFILE": 256, "CPU": int(timeout_s) + 1, "AS": memory_mb << 20}
    return ",".join(f"RLIMIT_{name}={most}" for name, most in limits.items())


def _read(process: subprocess.Popen[bytes], ends: float, output_bytes: int) -> tuple[bytes, bool, bool]:
    """What it says, whether that was cut, and whether it took too long."""
    if process.stdout is None:
        raise ToolFailed("The command has no output.")
    output = b""
    with DefaultSelector() as selector:
        selector.register(process.stdout, EVENT_READ)
        while (left := ends - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            part = os.read(process.stdout.fileno(), 65_536)
            if not part:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, ends - time.monotonic()))
                    return output, False, False
                return output, False, True
            output += part
            if len(output) > output_bytes:
                return output[:output_bytes], True, False
    return output, False, True


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kill what is left of the session; returns the exit status."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    return process.wait()


OUTPUT_BYTES = 12_000


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A command. Nothing of it comes from the caller but its name.

    Attributes:
        argv: the program, looked up in the system's folders, and its words.
    """

    name: str
    description: str
    argv: tuple[str, ...]
    timeout_s: float = 10.0


KNOWN_DIAGNOSTICS = (
    Diagnostic("addresses", "network interfaces and addresses", ("ip", "-brief", "address")),
    Diagnostic("disk_usage", "space on all disks", ("df", "-P", "-h", "-x", "tmpfs", "-x", "devtmpfs")),
    Diagnostic("failed_services", "services that failed", ("systemctl", "--failed", "--no-pager", "--plain")),
    Diagnostic(
        "journal_errors", "the system's last errors", ("journalctl", "-p", "err", "-n", "60", "--no-pager", "-q")
    ),
    Diagnostic(
        "kernel_messages",
        "warnings and errors of the kernel",
        ("journalctl", "-k", "-p", "warning", "-n", "60", "--no-pager", "-q"),  # dmesg would need a capability
    ),
    Diagnostic("memory_usage", "memory and swap", ("free", "-m")),
    Diagnostic(
        "processes", "what uses most of the processor", ("ps", "-eo", "pid,pcpu,pmem,etimes,comm", "--sort=-pcpu")
    ),
    Diagnostic("routes", "network routes", ("ip", "route")),
    Diagnostic("uptime", "uptime and load", ("uptime",)),
)
"""What a device knows by itself. None of them changes anything or takes words from outside."""


def diagnostic_tools(
    policy: Callable[[], Mapping[str, Any] | None], known: Iterable[Diagnostic] = KNOWN_DIAGNOSTICS
) -> list[DeviceTool]:
    """The tool; a diagnostic runs where the device knows it and the policy names it.

    Args:
        policy: as `Toolbox.policy`.
    """
    diagnostics = {diagnostic.name: diagnostic for diagnostic in known}

    def diagnostic_run(name: Annotated[str, Field(min_length=1, max_length=64)]) -> dict[str, Any]:
        """Run one of the device's diagnostics by its name and give what it says."""
        allowed = sorted(diagnostics.keys() & read_policy(policy()).diagnostics)
        if name not in diagnostics:
            raise NotFound(f"There is no diagnostic {name!r}.", f"Allowed: {', '.join(allowed) or 'none'}.")
        if name not in allowed:
            raise NotAllowed(
                f"This device's policy does not allow the diagnostic {name}.",
                f"Allowed: {', '.join(allowed) or 'none'}.",
            )
        chosen = diagnostics[name]
        done = run_command(chosen.argv, time_left(chosen.timeout_s), OUTPUT_BYTES)
        return {
            "diagnostic": name,
            "exit_status": done.status,
            "output": done.output.decode("utf-8", "replace"),
            "cut": done.cut,
            "elapsed_s": round(done.elapsed_s, 2),
        }

    longest_s = max((diagnostic.timeout_s for diagnostic in diagnostics.values()), default=1.0)
    return [device_tool(diagnostic_run, effect="write", timeout_s=longest_s + 1.0, quotes=True)]
