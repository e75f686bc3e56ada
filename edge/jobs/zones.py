"""The device's local time, of which cron expressions speak."""

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["local_zone"]


def local_zone(named: str = "", link: Path = Path("/etc/localtime")) -> tzinfo:
    """The zone with its rules for the clocks going forward and back, not just today's distance from UTC.

    Args:
        named: as in `Europe/Berlin`; else what `TZ` says, else the file that `link` leads to, else UTC.
    """
    name = named or os.environ.get("TZ", "").removeprefix(":")
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC
    try:
        with link.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC
