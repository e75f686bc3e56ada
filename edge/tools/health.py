"""How the device itself is, from /proc and /sys. What the machine does not tell is None, never a guess."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.tools.deadline import time_left
from edge.tools.tool import DeviceTool, device_tool

_MIB = 1 << 20
_BUSY_SAMPLE_S = 0.1
_PLAUSIBLE = (-60.0, 150.0)
"""Degrees Celsius; some firmware shows 0 K or 255 where there is no sensor."""
_PROBLEMS: Mapping[str, tuple[str, str]] = {
    "memory": ("Memory is {used_percent} % used.", "内存已用 {used_percent} %。"),
    "disk": ("The disk is {used_percent} % full.", "磁盘已用 {used_percent} %。"),
    "heat": ("The device is at {celsius} °C.", "设备温度达到 {celsius} °C。"),
    "load": (
        "The processor was overloaded for minutes: load {load_15m} on {cores} cores.",
        "处理器持续过载数分钟：{cores} 个核心，负载 {load_15m}。",
    ),
}
"""English and Chinese."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the device tells about itself.

    Attributes:
        root: the folder that holds `proc` and `sys`.
        disk: a path on the disk that matters.
        sleep: waits between two looks at the processor.
    """

    root: Path = Path("/")
    disk: Path = Path("/")
    sleep: Callable[[float], None] = time.sleep

    def text(self, path: str) -> str | None:
        """The start of a small file below the root; None where it cannot be read."""
        try:
            with (self.root / path).open("rb") as file:
                return file.read(65_536).decode("utf-8", "replace").strip()
        except OSError:
            return None

    def memory_bytes(self) -> tuple[int, int] | None:
        """All of its memory, and what a program could take now; None where it does not tell."""
        sizes = _named_numbers(self.text("proc/meminfo"))
        total, available = sizes.get("MemTotal"), sizes.get("MemAvailable")
        return (int(total) * 1024, int(available) * 1024) if total and available is not None else None


def health_tools(machine: Machine) -> list[DeviceTool]:
    """The tool over a machine."""

    def system_health() -> dict[str, Any]:
        """Tell how this device is: processor, memory, disk, temperature, uptime, and what is wrong with them."""
        health = {
            "cpu": _cpu(machine),
            "memory": _memory(machine),
            "disk": _disk(machine),
            "temperature": _temperature(machine),
            "uptime_s": _first_number(machine.text("proc/uptime")),
        }
        return {"problems": problems_of(health), **health}

    return [device_tool(system_health)]


def _cpu(machine: Machine) -> dict[str, Any]:
    loads = (machine.text("proc/loadavg") or "").split()
    before = _ticks(machine)
    if before is not None:
        machine.sleep(time_left(_BUSY_SAMPLE_S))
    after = _ticks(machine)
    busy = None
    if before and after and after[1] > before[1]:
        busy = round(100 * (1 - (after[0] - before[0]) / (after[1] - before[1])), 1)
        busy = min(100.0, max(0.0, busy))
    return {
        "cores": os.cpu_count(),
        "busy_percent": busy,
        **{f"load_{name}": _number(loads, place) for place, name in enumerate(("1m", "5m", "15m"))},
    }


def _ticks(machine: Machine) -> tuple[int, int] | None:
    """Idle ticks (waiting for disks included) and all of them."""
    fields = (machine.text("proc/stat") or "").partition("\n")[0].split()[1:9]
    if len(fields) < 5 or not all(field.isdigit() for field in fields):
        return None
    ticks = [int(field) for field in fields]
    return ticks[3] + ticks[4], sum(ticks)


def _memory(machine: Machine) -> dict[str, Any] | None:
    found = machine.memory_bytes()
    if found is None:
        return None
    total, available = found
    sizes = _named_numbers(machine.text("proc/meminfo"))
    resident = _named_numbers(machine.text("proc/self/status")).get("VmRSS")
    swap, swap_free = sizes.get("SwapTotal"), sizes.get("SwapFree")
    return {
        "total_mb": round(total / _MIB),
        "available_mb": round(available / _MIB),
        "used_percent": round(100 * (1 - available / total), 1),
        "swap_used_mb": None if swap is None or swap_free is None else round((swap - swap_free) / 1024),
        "agent_mb": None if resident is None else round(resident / 1024, 1),
    }


def _disk(machine: Machine) -> dict[str, Any] | None:
    try:
        found = os.statvfs(machine.disk)
    except OSError:
        return None
    total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    if total == 0:
        return None
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    return {
        "total_mb": round(total / _MIB),
        "free_mb": round(free / _MIB),
        "used_percent": round(100 * used / (used + free), 1) if used + free else 100.0,
    }


def _temperature(machine: Machine) -> dict[str, Any] | None:
    """The hottest zone, and all of them; None where the machine has no sensor."""
    zones: list[dict[str, Any]] = []
    for folder in sorted((machine.root / "sys/class/thermal").glob("thermal_zone*")):
        place = folder.relative_to(machine.root).as_posix()
        _add(zones, machine.text(f"{place}/type") or folder.name, machine.text(f"{place}/temp"))
    for file in sorted((machine.root / "sys/class/hwmon").glob("hwmon*/temp*_input")):
        place = file.relative_to(machine.root).as_posix()
        chip = machine.text(f"{place.rpartition('/')[0]}/name") or "hwmon"
        label = machine.text(place.removesuffix("_input") + "_label") or file.name.removesuffix("_input")
        _add(zones, f"{chip} {label}", machine.text(place))
    if not zones:
        return None
    return {"celsius": max(zone["celsius"] for zone in zones), "zones": zones[:16]}


def _add(zones: list[dict[str, Any]], name: str, text: str | None) -> None:
    millidegrees = _first_number(text)
    if millidegrees is not None and _PLAUSIBLE[0] <= millidegrees / 1000 <= _PLAUSIBLE[1]:
        zones.append({"name": name[:60], "celsius": round(millidegrees / 1000, 1)})


def problems_of(health: Mapping[str, Any], *, zh: bool = False) -> list[str]:
    """What a person should look at, in English or Chinese; thresholds as usual for gateways.

    Args:
        health: as `system_health` gives it; its own `problems` do not matter.
    """
    memory, disk, temperature, cpu = (health.get(part) or {} for part in ("memory", "disk", "temperature", "cpu"))
    wrong = {
        "memory": (memory.get("used_percent") or 0) >= 90,
        "disk": (disk.get("used_percent") or 0) >= 90,
        "heat": (temperature.get("celsius") or 0) >= 80,
        "load": bool(cpu.get("cores")) and (cpu.get("load_15m") or 0) > 2 * cpu["cores"],
    }
    figures = {"memory": memory, "disk": disk, "heat": temperature, "load": cpu}
    return [_PROBLEMS[name][zh].format(**figures[name]) for name, is_wrong in wrong.items() if is_wrong]


def _number(fields: list[str], place: int) -> float | None:
    return _first_number(fields[place]) if place < len(fields) else None


def _named_numbers(text: str | None) -> dict[str, float]:
    """Of lines such as "MemTotal:  16384 kB"."""
    rows = (line.partition(":") for line in (text or "").splitlines())
    numbers = ((name, _first_number(value)) for name, _, value in rows)
    return {name: number for name, number in numbers if number is not None}


def _first_number(text: str | None) -> float | None:
    """The number that the text begins with; None where it begins with none."""
    try:
        return float((text or "").split()[0])
    except (IndexError, ValueError):
        return None
