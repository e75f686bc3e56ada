"""The device's assistant: accuracy and time of the fast path, start and memory of a step. `python -m tests.bench.edge_agent`"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from edge.agent.fast_path import FastPath, Match, Which
from edge.agent.intent import WRITES
from tests.bench.machine import machine, spread, table
from tests.fakes.assisted_devices import NAMES, TOOL_NAMES

ROOT = Path(__file__).parents[2]
UTTERANCES = ROOT / "tests" / "edge" / "agent" / "data" / "utterances.jsonl"

_STEP = """
import time, json
begun = time.perf_counter()
from tests.fakes.assisted_devices import Device
from tests.fakes.edge_models import ScriptedChat, call, final
ready = time.perf_counter()
model = ScriptedChat(call("sensor_read", sensor="oil_temperature"), final("The oil temperature is 20.5 C."))
{before}
answer = Device().assistant(model).ask({text!r}, by="bench")
resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(json.dumps([time.perf_counter() - begun, int(resident.split()[1]) / 1024, answer.tier]))
"""
_LADDER = "I wonder whether the oil is getting rather hot these days"


def found_calls(found: object) -> list[list[Any]]:
    """As the utterances are annotated."""
    if not isinstance(found, Match):
        return []
    return [
        [one.tool, dict(one.arguments)]
        + ([[one.only_if.sensor, one.only_if.compare, one.only_if.number]] if one.only_if else [])
        for one in found.calls
    ]


def accuracy(fast: FastPath, rows: list[dict[str, Any]], split: str, language: str) -> list[str]:
    """One row of the table."""
    chosen = [row for row in rows if row["split"] == split and _language(row["text"]) == language]
    found = [(row, fast.match(row["text"])) for row in chosen]
    commands = [(row, one) for row, one in found if row["calls"] or row.get("which")]
    others = [(row, one) for row, one in found if not (row["calls"] or row.get("which"))]
    exact = sum(
        found_calls(one) == row["calls"] and isinstance(one, Which) == row.get("which", False) for row, one in commands
    )
    acts = sum(
        any(call[0] in WRITES for call in found_calls(one))
        and [c[0] for c in found_calls(one)] != [c[0] for c in row["calls"]]
        for row, one in found
    )
    left = sum(not found_calls(one) for _, one in others)
    return [f"{split}, {language}", f"{exact}/{len(commands)}", f"{left}/{len(others)}", str(acts)]


def latencies(fast: FastPath, rows: list[dict[str, Any]]) -> list[float]:
    """Microseconds of each utterance, the fastest of five."""
    times: list[float] = []
    for row in rows:
        tries: list[float] = []
        for _ in range(5):
            begun = time.perf_counter()
            fast.match(row["text"])
            tries.append((time.perf_counter() - begun) * 1e6)
        times.append(min(tries))
    return times


def process(text: str, before: str = "") -> tuple[float, float, str]:
    """Seconds from the start of Python's imports to the answer, MiB resident, and the tier."""
    done = subprocess.run(
        [sys.executable, "-c", _STEP.format(text=text, before=before)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, resident, tier = json.loads(done.stdout)
    return seconds, resident, tier


def main() -> None:
    """Measure, print."""
    print(machine())
    rows = [json.loads(line) for line in UTTERANCES.read_text("utf-8").splitlines()]
    fast = FastPath(lambda: TOOL_NAMES, lambda: NAMES)
    begun = time.perf_counter()
    fast.match("what is the oil temperature")
    print(f"first command (the table is read and compiled): {(time.perf_counter() - begun) * 1e3:.0f} ms")
    lines = [accuracy(fast, rows, split, language) for split in ("seen", "held_out") for language in ("en", "zh")]
    print(table(["utterances", "commands exact", "others left alone", "false acts"], lines))
    times = latencies(fast, rows)
    print(f"match, us: {spread(times)}, 95th percentile {statistics.quantiles(times, n=20)[-1]:.0f}")
    shared = Path(os.environ.get("CHARGEHAND_SHARED", ROOT.parent / "shared")) / "data" / "eval" / "clinc150.jsonl"
    if shared.exists():
        foreign = [json.loads(line)["input"] for line in shared.read_text("utf-8").splitlines()]
        took = [one for text in foreign if (one := found_calls(fast.match(text)))]
        wrote = sum(any(call[0] in WRITES for call in one) for one in took)
        print(f"CLINC150: of {len(foreign)} requests of another world {wrote} wrote, {len(took)} read")
    for name, text, before in (
        ("fast path", "what is the oil temperature", ""),
        ("first step of the agent", _LADDER, ""),
        ("the same beside mcp and ollama", _LADDER, "import mcp, ollama"),
        ("the same on the whole of smolagents", _LADDER, "import smolagents"),
    ):
        runs = [process(text, before) for _ in range(5)]
        print(
            f"{name:38s} s: {spread([run[0] for run in runs], 2)}   MiB: {spread([run[1] for run in runs])}   ({runs[0][2]})"
        )


def _language(text: str) -> str:
    return "zh" if any("\u3400" <= sign <= "\u9fff" for sign in text) else "en"


if __name__ == "__main__":
    main()
