"""`make demo`: ingest the sample documents, ask three questions through the real graph, print what came of it."""

import argparse
import os
import sys
from pathlib import Path

from server.cli import run_command
from server.process import silence_third_parties

_SAMPLES = Path(__file__).parents[2] / "memory" / "samples"
_QUESTIONS = (
    "How do I exchange the fan of the SE50?",
    "May we ship qwen2.5-3b in a product?",
    "SE30 的工作温度范围是多少？",
)


def main() -> int:
    """Run the demo; returns 0 when every step worked, else the code of the step that did not."""
    silence_third_parties()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="home folder of the demo")
    os.environ["CHARGEHAND_HOME"] = str(parser.parse_args().home.resolve())
    sys.stdout.write(
        "This reads the sample documents into a home of its own, then puts three questions to them:\n"
        "a few seconds once the packages are there. Nothing leaves this machine.\n"
    )
    steps = [["ingest", str(_SAMPLES)], *(["chat", question] for question in _QUESTIONS)]
    for step in steps:
        sys.stdout.write(f"\n$ chargehand {step[0]} {step[1]!r}\n")
        sys.stdout.flush()
        code = run_command(step)
        if code != 0:
            return code
    sys.stdout.write("\nNow `make up` opens the hub with the chat page on http://127.0.0.1:8080.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
