"""One call of a tool, in a process of its own: `python -m edge.jobs.child`, with the order as JSON on standard input.

The order: "toolbox" ("module:function" that makes the box of a device, called with "folder"), "folder", "tool",
"arguments", "by", "cpu_s", "memory_mb". The answer, one JSON object on standard output, has "result", or "error" with
"advice" and "again": whether another attempt could help.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from edge.kernel.errors import CallerError, ChargehandError

__all__ = ["answer", "main"]

_NICENESS = 5
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def answer(order: Mapping[str, Any]) -> dict[str, Any]:
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


def main() -> None:
    """Read the order, answer it. What tools print goes to standard error."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)
    told = os.dup(1)
    os.dup2(2, 1)
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said = json.dumps(answer(json.load(sys.stdin))).encode()
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
    main()
