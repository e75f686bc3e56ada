"""The command line of a device: `chargehand-edge`. Modules of commands are imported when one is named.

Exit codes: 0 done, 1 the work failed, 2 bad usage, 4 waiting for the hub, 130 stopped by Ctrl-C.
"""

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from edge.kernel.errors import CallerError, ChargehandError

_COMMANDS = {
    "enroll": ("setup", "make this device known to a hub, once, with a one-time token"),
    "run": ("run", "run the agent until it is stopped"),
    "sync": ("run", "exchange with the hub now"),
    "ask": ("questions", "put a question or an order to the device's assistant"),
    "status": ("status", "what this device is, has and waits for"),
    "replies": ("questions", "what the hub answered to questions that were kept for it"),
    "events": ("status", "what was recorded here; a star marks what the hub does not have"),
    "config": ("setup", "show or change the device's configuration"),
    "doctor": ("status", "what is set up, what is reachable, what is missing"),
}
"""Name: the module that has `run_NAME` and, if there are options, `NAME_options`; and what it does."""
_TOLD_AS_JSON = frozenset({"enroll", "sync", "ask", "status", "replies", "events"})
DONE, FAILED, BAD_USAGE, WAITING = 0, 1, 2, 4
INTERRUPTED, READER_LEFT = 130, 141
"""128 and the number of the signal: SIGINT for Ctrl-C, SIGPIPE for a reader that left"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `chargehand-edge` script."""
    sys.exit(run_command(list(sys.argv[1:] if arguments is None else arguments)))


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors are printed."""
    named = next((word for word in arguments if word in _COMMANDS), None)
    parser = _parser(named)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse has said what is wrong, or has shown the help
        return ended.code if isinstance(ended.code, int) else FAILED
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )
    for talkative in ("httpx2", "mcp"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    try:
        code = getattr(_module(options.command), f"run_{options.command}")(options)
        sys.stdout.flush()
        return code
    except ChargehandError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        if error.advice:
            print(error.advice, file=sys.stderr)
        return BAD_USAGE if isinstance(error, CallerError) else FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered has nowhere to go
        return READER_LEFT
    except Exception:  # noqa: BLE001 - the process boundary: nobody above can do better than show it
        traceback.print_exc()
        print("Error: an internal error; please report the traceback above.", file=sys.stderr)
        return FAILED


def _parser(named: str | None) -> argparse.ArgumentParser:
    """All commands by name and summary; the options of the one that is named."""
    parser = argparse.ArgumentParser("chargehand-edge", description=__doc__)
    parser.add_argument("--home", type=Path, help="folder of the device; else CHARGEHAND_EDGE_HOME")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens, on stderr")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == named:
            if name in _TOLD_AS_JSON:
                command.add_argument("--json", action="store_true", help="the outcome as JSON")
            add_options = getattr(_module(name), f"{name}_options", None)
            if add_options is not None:
                add_options(command)
    return parser


def _module(command: str) -> ModuleType:
    return import_module(f"edge.cli.{_COMMANDS[command][0]}")
