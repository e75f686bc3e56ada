"""`chargehand-edge ask`."""

import argparse
import getpass
import json
import sys
from typing import Any

from edge.cli.outcomes import DONE, FAILED, WAITING
from edge.device import open_device
from edge.errors import EdgeError
from edge.local_socket import ask_agent
from edge.questions import answer_body
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("text", help="the question or order, in English or Chinese")
    parser.add_argument("--json", action="store_true", help="the answer as JSON, with the tools that were called")


def run(options: argparse.Namespace) -> int:
    """Ask the agent that runs; where none does, answer in this process."""
    settings = load_settings(options.home)
    with open_device(settings) as device:
        said = ask_agent(device.parts.home.socket, options.text)
        if said is None:
            said = answer_body(device.assistant.ask(options.text, by=f"person:{getpass.getuser()}"))
    return _show(said, as_json=options.json)


def _show(said: dict[str, Any], *, as_json: bool) -> int:
    if "error" in said:
        raise EdgeError(str(said["error"]), str(said.get("advice", "")))
    if as_json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print(said["text"])
        by = said["model"] or "no model"
        print(f"({said['rung']}, {by}, {said['elapsed_s']:.2f} s)", file=sys.stderr)
    if said["rung"] == "queued":
        return WAITING
    return DONE if said["ok"] else FAILED
