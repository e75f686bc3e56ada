"""`chargehand-edge ask`, and `replies`: questions to the device, and what the hub answered to those kept for it."""

import argparse
import getpass
import json
import sys
from dataclasses import asdict
from typing import Any

from edge.cli import DONE, FAILED, WAITING
from edge.device import open_device
from edge.home import Parts
from edge.kernel.errors import ChargehandError, StorageFailed
from edge.local_socket import ask_agent
from edge.questions import HubReplies, answer_body
from edge.settings import EdgeSettings, load_settings


def ask_options(parser: argparse.ArgumentParser) -> None:
    """Options of `chargehand-edge ask`."""
    parser.add_argument("text", help="the question or order, in English or Chinese")


def run_ask(options: argparse.Namespace) -> int:
    """Ask the agent that runs; where none does, answer in this process."""
    settings = load_settings(options.home)
    said = ask_agent(settings.home / "agent.sock", options.text)
    if said is None:
        try:
            said = _answer_here(settings, options.text, reading=False)
        except StorageFailed as error:  # a full disk can still be read
            print(f"{error} What only reads still works.", file=sys.stderr)
            said = _answer_here(settings, options.text, reading=True)
    return _show_answer(said, as_json=options.json)


def _answer_here(settings: EdgeSettings, text: str, *, reading: bool) -> dict[str, Any]:
    with open_device(settings, reading=reading) as device:
        return answer_body(device.assistant.ask(text, by=f"person:{getpass.getuser()}"))


def _show_answer(said: dict[str, Any], *, as_json: bool) -> int:
    if "error" in said:
        raise ChargehandError(str(said["error"]), str(said.get("advice", "")))
    if as_json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print(said["text"])
        by = said["model"] or "no model"
        print(f"({said['rung']}, {by}, {said['elapsed_s']:.2f} s)", file=sys.stderr)
    if said["rung"] == "queued":
        return WAITING
    return DONE if said["ok"] else FAILED


def run_replies(options: argparse.Namespace) -> int:
    """List what the hub answered, newest first."""
    parts = Parts.of(load_settings(options.home))
    replies = HubReplies(parts.database).all()
    parts.database.close()
    if options.json:
        print(json.dumps([asdict(reply) for reply in replies], ensure_ascii=False))
        return DONE
    if not replies:
        print("The hub has answered nothing yet.", file=sys.stderr)
    for reply in replies:
        print(f"{reply.question}  {reply.asked}".rstrip())
        print(reply.text)
        for citation in reply.citations:
            print(f"    {citation}")
    return DONE
