"""`chargehand-edge replies`."""

import argparse
import json
import sys
from dataclasses import asdict

from edge.cli.outcomes import DONE
from edge.home import Parts
from edge.questions import HubReplies
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--json", action="store_true", help="as a JSON list")


def run(options: argparse.Namespace) -> int:
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
        print(f"{reply.question}\n{reply.text}")
        for citation in reply.citations:
            print(f"    {citation}")
    return DONE
