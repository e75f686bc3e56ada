"""`make bench`: every benchmark, each in a process of its own, one after another."""

import subprocess
import sys

BENCHMARKS = (
    "startup",
    "tools",
    "supervisor",
    "threads",
    "gateway",
    "ingest",
    "rollouts",
    "edge_agent",
    "edge_sync",
    "edge_footprint",
    "edge_pack",
    "retrieval",
    "answers",
)
"""Quickest first; the last three want the third-party data sets beside the project."""


def main() -> int:
    """Run the named benchmarks, or all; returns 1 when one could not run."""
    failed: list[str] = []
    for name in sys.argv[1:] or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode != 0:
            failed.append(name)
    if failed:
        print(f"\ncould not run: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
