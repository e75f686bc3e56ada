"""`chargehand-edge sync`."""

import argparse
import asyncio
import json
from dataclasses import asdict

from edge.cli.outcomes import DONE
from edge.device import open_device
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def run(options: argparse.Namespace) -> int:
    """Exchange until neither has more to say. While an agent runs on this home, it does that by itself."""
    with open_device(load_settings(options.home)) as device, device.parts.home.only_one():
        report = asyncio.run(device.exchange())
        waiting = device.parts.outbox.status().waiting
    if options.json:
        print(json.dumps(asdict(report) | {"changed": sorted(report.changed), "waiting": waiting}))
        return DONE
    came = f"; new from the hub: {', '.join(sorted(report.changed))}" if report.changed else ""
    print(f"{report.sent} events sent, {waiting} wait{came}.")
    if report.set_aside:
        print(f"The hub set {report.set_aside} of them aside; `chargehand devices events` shows which.")
    return DONE
