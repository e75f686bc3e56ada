"""`chargehand-edge events`."""

import argparse
import json
import sys
from typing import Any, get_args

from edge.cli.outcomes import DONE
from edge.home import Parts
from edge.protocol.events import EventKind
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--kind", choices=get_args(EventKind), help="only these")
    parser.add_argument("-n", "--limit", type=int, default=50, help="the newest so many  [default: 50]")
    parser.add_argument("--json", action="store_true", help="as a JSON list")


def run(options: argparse.Namespace) -> int:
    """List what was recorded and is still here, oldest first."""
    parts = Parts.of(load_settings(options.home))
    acknowledged = parts.outbox.status().acknowledged
    found = parts.outbox.recent(options.kind, max(1, options.limit))
    parts.database.close()
    told: list[dict[str, Any]] = [
        {"seq": one.seq, "kind": one.kind, "at": one.at, "body": json.loads(one.body), "sent": one.seq <= acknowledged}
        for one in found
    ]
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
        return DONE
    if not told:
        print("Nothing of that is recorded here.", file=sys.stderr)
    for one in told:
        mark = " " if one["sent"] else "*"
        print(
            f"{one['seq']:>8}{mark} {one['at'][:19]}  {one['kind']:<10} {json.dumps(one['body'], ensure_ascii=False)}"
        )
    return DONE
