"""`chargehand-edge status`."""

import argparse
import fcntl
import json
from typing import Any

from edge.cli.outcomes import DONE, FAILED
from edge.device import open_device
from edge.home import Parts
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 where no agent runs on this home")


def run(options: argparse.Namespace) -> int:
    """Tell what the device is, has and waits for."""
    with open_device(load_settings(options.home), reading=True) as device:
        told = _status(device.parts)
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for name, value in told.items():
            print(f"{name:<10} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return FAILED if options.check and told["agent"] != "runs" else DONE


def _status(parts: Parts) -> dict[str, Any]:
    hub, standing, outbox = parts.enrolled, parts.desired.standing(), parts.outbox.status()
    reported = parts.reported.parts()
    return {
        "device": hub.device if hub else "not enrolled",
        "hub": f"{hub.hub_id} ({parts.home.link().url})" if hub else "none",
        "agent": "runs" if _runs(parts) else "does not run",
        "disk": parts.home.room(),
        "model": reported.get("version") or "none",
        "packs": reported.get("packs", {}),
        "jobs": reported.get("jobs", []),
        "desired": f"revision {standing.revision}" if standing.revision >= 0 else "nothing yet",
        "events": {"recorded": outbox.last_seq, "waiting": outbox.waiting, "bytes": dict(outbox.bytes_used)},
        "health": reported.get("health", {}),
    }


def _runs(parts: Parts) -> bool:
    path = parts.home.root / "running.lock"
    if not path.exists():
        return False
    with path.open("r", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
