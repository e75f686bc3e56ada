"""What a long conversation costs a hub: disk, memory, a turn, and reading the thread; and the first question of all.

`python -m tests.bench.threads [TURNS]`
"""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

from server.demos.hub import Hub, start_hub
from tests.bench.machine import machine, spread, table

QUESTIONS = (
    "At what temperature does the SE30 throttle?",
    "May we ship qwen2.5-3b in a product?",
    "How do I exchange the fan of the SE50?",
    "What can you do?",
    "start a canary",
    "Write me a poem about the sea.",
)
TURNS = 300
STOPS = 6
SAMPLES = Path(__file__).parents[2] / "memory" / "samples"


def ask(hub: Hub, thread: str, question: str) -> float:
    """Milliseconds of a turn, to the end of its stream."""
    begun = time.perf_counter()
    message = {"id": uuid.uuid4().hex, "role": "user", "content": question}
    body = {"threadId": thread, "runId": uuid.uuid4().hex, "messages": [message]}
    rest = {"tools": [], "context": [], "state": {}, "forwardedProps": {}}
    with hub.http.stream("POST", "/v1/runs", json=body | rest) as response:
        response.raise_for_status()
        for _ in response.iter_lines():
            pass
    return (time.perf_counter() - begun) * 1e3


def timed(hub: Hub) -> str:
    """A document question in words: how long it took, and the processor time of the hub meanwhile."""
    before = used_s()
    took = ask(hub, "first", QUESTIONS[0])
    return f"{took:.0f} ms, processor {(used_s() - before) * 1e3:.0f} ms"


def idle_s(limit_s: float = 180.0) -> float:
    """Wait until the hub has had next to nothing to do for 9 s; seconds until then."""
    begun, quiet = time.monotonic(), 0
    while quiet < 3 and time.monotonic() - begun < limit_s:
        before = used_s()
        time.sleep(3)
        quiet = quiet + 1 if used_s() - before < 0.1 else 0
    return time.monotonic() - begun - 3 * quiet


def used_s() -> float:
    """Processor time of the hub."""
    times = process().cpu_times()
    return times.user + times.system


def process() -> psutil.Process:
    """The hub, the only child of this process."""
    (child,) = psutil.Process().children()
    return child


def read(hub: Hub, thread: str) -> float:
    """Milliseconds of reading a thread."""
    begun = time.perf_counter()
    hub.http.get(f"/v1/threads/{thread}").raise_for_status()
    return (time.perf_counter() - begun) * 1e3


def resident_mb() -> float:
    """Resident memory of the hub."""
    return process().memory_info().rss / 1e6


def disk_mb(home: Path) -> float:
    """What the threads take on disk, with what SQLite has not moved into its file yet."""
    return sum(file.stat().st_size for file in home.glob("threads.sqlite*")) / 1e6


def main() -> None:
    """Measure on the sample documents without a model, in one thread."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = {"CHARGEHAND_MODEL": "none"}
        prepare(home)
        with start_hub(home, settings) as hub:
            print(f"first question right after the start   {timed(hub)}")
            print(f"second                                 {timed(hub)}")
        with start_hub(home, settings) as hub:
            print(f"idle after                             {idle_s():.1f} s")
            print(f"first question then                    {timed(hub)}")
            rows = [("0", f"{resident_mb():.0f}", "", "", "")]
            took: list[float] = []
            for number in range(1, turns + 1):
                took.append(ask(hub, "long", QUESTIONS[number % len(QUESTIONS)] + " " * (number % 50)))
                if number % max(1, turns // STOPS) == 0:
                    reading = [read(hub, "long") for _ in range(3)]
                    rows.append(
                        (
                            str(number),
                            f"{resident_mb():.0f}",
                            f"{disk_mb(home):.1f}",
                            spread(took, 0),
                            spread(reading, 0),
                        )
                    )
                    took.clear()
                    print(*rows[-1], file=sys.stderr, flush=True)
        print(table(("turns", "resident, MB", "disk, MB", "turn, ms", "reading the thread, ms"), rows))


def prepare(home: Path) -> None:
    """Read the sample documents into a home."""
    command = [sys.executable, "-c", "from server.cli import main; main()", "ingest", str(SAMPLES)]
    environment = os.environ | {"CHARGEHAND_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
