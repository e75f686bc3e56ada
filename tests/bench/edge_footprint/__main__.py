"""Installed size, time to the first agent step, and memory: side by side, each in a fresh environment of its own.

Wants uv and a package registry. Ollama is stood in for by a server that answers at once, so what is timed is the agent:
from the first import to the first tool call that a model's answer asked for. Python is compiled when it is installed, as
pip does on a device, whatever this machine's own settings say of bytecode.
"""

import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.edge_footprint.server import instant_ollama
from tests.bench.machine import machine

ROOT = Path(__file__).parents[3]
WAYS = {
    "chargehand": (str(ROOT / "deploy" / "edge"),),
    "smolagents": ("smolagents[openai]", "ollama"),
    "langchain": ("langchain", "langchain-ollama"),
}
RUNS = 5


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one way: megabytes installed, seconds of each run, mebibytes resident at the end of the last."""

    source_mb: float
    bytecode_mb: float
    seconds: list[float]
    resident_mib: float


def installed_mb(packages: Path) -> tuple[float, float]:
    """Without and of compiled Python."""
    files = [path for path in packages.rglob("*") if path.is_file()]
    compiled = sum(path.stat().st_size for path in files if path.suffix == ".pyc")
    return (sum(path.stat().st_size for path in files) - compiled) / 1e6, compiled / 1e6


def measure(way: str, folder: Path, url: str, uv: str) -> Footprint:
    python = folder / way / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / way)], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--refresh-package", "chargehand-edge"]
    subprocess.run([*install, "--python", str(python), *WAYS[way]], check=True, env=environment)
    command = [str(python), str(Path(__file__).with_name(f"step_{way}.py")), url]
    seconds: list[float] = []
    resident = 0.0
    for run in range(RUNS + 1):
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment).stdout
        told = dict(line.split(maxsplit=1) for line in said.splitlines())
        if run:  # the first brings the files into memory
            seconds.append(float(told["step"]))
        resident = int(told["resident"]) / 1024
    (packages,) = (folder / way).glob("lib/python*/site-packages")
    return Footprint(*installed_mb(packages), seconds, resident)


def main() -> int:
    """Print the table; 1 without uv."""
    uv = shutil.which("uv") or shutil.which(ROOT / ".uv" / "bin" / "uv")
    if uv is None:
        print("uv is not installed")
        return 1
    print(machine())
    print(f"{'agent':<12} {'installed MB + bytecode':>24} {'first step s (min median max)':>31} {'resident MiB':>13}")
    with TemporaryDirectory() as folder, instant_ollama() as url:
        ours: tuple[float, float, float] | None = None
        for way in WAYS:
            found = measure(way, Path(folder), url, uv)
            seconds, middle = found.seconds, statistics.median(found.seconds)
            ours = ours or (found.source_mb, middle, found.resident_mib)
            size = f"{found.source_mb:.1f} + {found.bytecode_mb:.1f}"
            shown = f"{min(seconds):.2f} {middle:.2f} {max(seconds):.2f}"
            ratio = f"  x{found.source_mb / ours[0]:.2f} x{middle / ours[1]:.2f} x{found.resident_mib / ours[2]:.2f}"
            print(f"{way:<12} {size:>24} {shown:>31} {found.resident_mib:>13.1f}{ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
