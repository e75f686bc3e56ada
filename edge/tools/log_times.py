"""When a line of a log was written, by its own words."""

import re
from datetime import datetime

__all__ = ["written_at"]

_ISO = re.compile(r"\W{0,2}(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?\s?(Z|[+-]\d\d:?\d\d)?")
_SYSLOG = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)\b")
_MONTHS: tuple[str, ...] = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_DAY_S = 86_400.0


def written_at(line: str, now: float) -> float | None:
    """Seconds since 1970; None where the line does not begin with a time that is known here.

    Times without a zone are the device's own. Those of syslog have no year: it is the last in which they are not more
    than a day ahead.

    Args:
        now: seconds since 1970.
    """
    try:
        if found := _ISO.match(line):
            zone = (found[3] or "").replace("Z", "+00:00")
            return datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").timestamp()
        if (found := _SYSLOG.match(line)) and found[1] in _MONTHS:
            month, year = _MONTHS.index(found[1]) + 1, datetime.fromtimestamp(now).astimezone().year
            times = [
                datetime.fromisoformat(f"{one:04}-{month:02}-{int(found[2]):02}T{found[3]}").timestamp()
                for one in (year + 1, year, year - 1)
                if month != 2 or int(found[2]) < 29 or _leap(one)
            ]
            return next((at for at in times if at <= now + _DAY_S), None)
    except (ValueError, OverflowError, OSError):  # such as the 31st of November
        return None
    return None


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
