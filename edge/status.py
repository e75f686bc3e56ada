"""What a device is, has and waits for, in few words: for `status` and for the device's page."""

import fcntl
from typing import Any

from edge.home import Parts


def device_status(parts: Parts) -> dict[str, Any]:
    """What the device is, has and waits for."""
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
