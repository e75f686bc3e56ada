"""Diagnostics: commands with fixed words, by name, from an allow-list."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from edge.kernel.errors import NotAllowed, NotFound
from edge.tools.commands import run_command
from edge.tools.deadline import time_left
from edge.tools.policy import read_policy
from edge.tools.registry import DeviceTool, device_tool

__all__ = ["KNOWN_DIAGNOSTICS", "Diagnostic", "diagnostic_tools"]

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
    Diagnostic("kernel_messages", "warnings and errors of the kernel", ("dmesg", "--level=err,warn", "--nopager")),
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
