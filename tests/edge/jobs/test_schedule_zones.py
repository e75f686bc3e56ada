"""Local time has rules, not just a distance from UTC."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.jobs.schedule import local_zone
from edge.kernel.protocol.jobs import parse_cron

BERLIN = Path("/usr/share/zoneinfo/Europe/Berlin")


def test_the_zone_of_the_file_knows_summer_and_winter(tmp_path, monkeypatch):
    monkeypatch.delenv("TZ", raising=False)
    if not BERLIN.exists():
        pytest.skip("no time zones on this machine")
    (tmp_path / "localtime").symlink_to(BERLIN)
    zone = local_zone(link=tmp_path / "localtime")
    due = parse_cron("0 8 * * *").next_after(datetime(2026, 3, 28, 12, tzinfo=UTC), zone)
    assert due == datetime(2026, 3, 29, 6, tzinfo=UTC)


def test_what_is_not_known_is_utc(tmp_path):
    (tmp_path / "localtime").write_text("nonsense")
    assert local_zone("Mars/Olympus") is UTC
    assert local_zone("../etc/passwd") is UTC
    assert local_zone(link=tmp_path / "localtime") is UTC or local_zone() is not None
