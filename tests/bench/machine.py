"""What every bench prints: the machine it ran on, times with their spread, and aligned tables."""

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

__all__ = ["machine", "spread", "table"]


def machine() -> str:
    """One line: platform, CPU model, cores, memory, and how busy the machine is with other things."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"machine: {platform.system()} {platform.machine()}, Python {platform.python_version()}, {_cpu_model()},"
        f" {os.cpu_count()} cores, {_memory_gib():.0f} GiB, load {load:.1f}"
    )


def spread(values: Sequence[float], digits: int = 1) -> str:
    """`min / median / max`, all with as many decimal places."""
    return " / ".join(f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned: the first to the left, the others to the right."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
