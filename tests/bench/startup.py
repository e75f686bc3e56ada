"""Cold start of `chargehand chat` and resident memory of an idle `chargehand up`. `python -m tests.bench.startup`"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.machine import machine, spread

ROUNDS = 5
QUESTION = "At what temperature does the SE30 throttle?"


def chargehand(*arguments: str) -> list[str]:
    """The command line of this environment."""
    return [str(Path(sys.executable).with_name("chargehand")), *arguments]


def cold_start(environment: dict[str, str]) -> dict[str, float]:
    """Seconds from the start of the process to its first event, to the route, to the first text and to its end."""
    begun = time.perf_counter()
    seen: dict[str, float] = {}
    process = subprocess.Popen(
        chargehand("chat", "--events", QUESTION), stdout=subprocess.PIPE, env=environment, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        name = event.get("name") or event["type"]
        seen.setdefault("first event", time.perf_counter() - begun)
        if name in {"route", "TEXT_MESSAGE_CONTENT"}:
            seen.setdefault({"route": "route known"}.get(name, "first text"), time.perf_counter() - begun)
    process.wait()
    return seen | {"process ended": time.perf_counter() - begun}


def route_command(environment: dict[str, str]) -> float:
    """Seconds of a whole `chargehand route` process."""
    begun = time.perf_counter()
    subprocess.run(chargehand("route", QUESTION), env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def idle_memory(environment: dict[str, str]) -> tuple[float, float]:
    """(MB resident when the hub has been idle for 5 s, seconds until it listened)"""
    begun = time.perf_counter()
    process = subprocess.Popen(chargehand("up", "--port", "0"), stdout=subprocess.PIPE, env=environment, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    started = time.perf_counter() - begun
    if not re.search(r"http://\S+", line):
        raise SystemExit(f"the hub did not start: {line}")
    time.sleep(5)
    resident = psutil.Process(process.pid).memory_info().rss / 1e6
    process.terminate()
    process.wait()
    return resident, started


def main() -> None:
    """Measure on the sample documents, with the bundled model."""
    samples = Path(__file__).parents[2] / "memory" / "samples"
    print(machine())
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"CHARGEHAND_HOME": home, "CHARGEHAND_MODEL": "local:smollm2-135m"}
        subprocess.run(chargehand("ingest", str(samples)), env=environment, check=True, stdout=subprocess.DEVNULL)
        cold_start(environment)
        starts = [cold_start(environment) for _ in range(ROUNDS)]
        for name in starts[0]:
            print(f"chargehand chat, {name}, s   {spread([start[name] for start in starts])}")
        print(f"chargehand route, process, s   {spread([route_command(environment) for _ in range(ROUNDS)])}")
        hubs = [idle_memory(environment) for _ in range(3)]
        print(f"chargehand up, listening, s    {spread([seconds for _, seconds in hubs])}")
        print(f"chargehand up, idle, MB        {spread([megabytes for megabytes, _ in hubs])}")


if __name__ == "__main__":
    main()
