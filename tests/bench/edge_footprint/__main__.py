"""Installed size, time to the first agent step, and memory: side by side, each in a fresh environment of its own.

Wants uv and a package registry. Ollama is stood in for by a server that answers at once, so what is timed is the agent:
from the first import to the first tool call that a model's answer asked for.
"""

import shutil
import statistics
import subprocess
import sys
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


def installed_mb(packages: Path) -> float:
    """Without compiled Python, which comes and goes."""
    files = (path for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files) / 1e6


def measure(way: str, folder: Path, url: str, uv: str) -> tuple[float, list[float], float]:
    """Megabytes installed, seconds of each run, mebibytes resident at the end of the last."""
    python = folder / way / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / way)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *WAYS[way]], check=True)
    script = str(Path(__file__).with_name(f"step_{way}.py"))
    seconds: list[float] = []
    resident = 0.0
    for run in range(RUNS + 1):
        said = subprocess.run([str(python), script, url], capture_output=True, text=True, check=True, cwd=folder).stdout
        told = dict(line.split(maxsplit=1) for line in said.splitlines())
        if run:  # the first compiles
            seconds.append(float(told["step"]))
        resident = int(told["resident"]) / 1024
    (packages,) = (folder / way).glob("lib/python*/site-packages")
    return installed_mb(packages), seconds, resident


def main() -> int:
    """Print the table; 1 without uv."""
    uv = shutil.which("uv") or shutil.which(ROOT / ".uv" / "bin" / "uv")
    if uv is None:
        print("uv is not installed")
        return 1
    print(machine())
    print(f"{'agent':<12} {'installed MB':>13} {'first step s (min median max)':>31} {'resident MiB':>13}")
    with TemporaryDirectory() as folder, instant_ollama() as url:
        ours: tuple[float, float, float] | None = None
        for way in WAYS:
            size, seconds, resident = measure(way, Path(folder), url, uv)
            middle = statistics.median(seconds)
            ours = ours or (size, middle, resident)
            shown = f"{min(seconds):.2f} {middle:.2f} {max(seconds):.2f}"
            ratio = f"  x{size / ours[0]:.2f} x{middle / ours[1]:.2f} x{resident / ours[2]:.2f}"
            print(f"{way:<12} {size:>13.1f} {shown:>31} {resident:>13.1f}{ratio}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
