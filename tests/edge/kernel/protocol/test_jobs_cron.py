"""When a cron expression is due, in the zones and nights in which that is not plain."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from edge.kernel.protocol.jobs import parse_cron

BERLIN = ZoneInfo("Europe/Berlin")  # clocks forward 2026-03-29 02:00 -> 03:00, back 2026-10-25 03:00 -> 02:00


def dues(expression: str, start: str, count: int, zone=BERLIN) -> list[str]:
    cron, moment, found = parse_cron(expression), datetime.fromisoformat(start).replace(tzinfo=zone), list[str]()
    for _ in range(count):
        due = cron.next_after(moment, zone)
        assert due is not None
        moment = due
        found.append(due.astimezone(zone).strftime("%m-%d %H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 4 * * *", ["06-15 04:30+0200", "06-16 04:30+0200"]),
        ("*/20 6-7 * * *", ["06-15 06:00+0200", "06-15 06:20+0200"]),
        ("0 0 1 jan,jul *", ["07-01 00:00+0200", "01-01 00:00+0100"]),
        ("0 8 * * mon-fri", ["06-15 08:00+0200", "06-16 08:00+0200"]),
        ("0 8 * * 7", ["06-21 08:00+0200", "06-28 08:00+0200"]),
        ("0 8 13 * fri", ["06-19 08:00+0200", "06-26 08:00+0200"]),  # either day suffices
        ("0 8 */10 * mon", ["08-31 08:00+0200", "09-21 08:00+0200"]),
        ("59 23 29 2 *", ["02-29 23:59+0100", "02-29 23:59+0100"]),
    ],
)
def test_due_times(expression, expected):
    assert dues(expression, "2026-06-15T00:00", 2)[: len(expected)] == expected


def test_a_time_that_does_not_exist_comes_an_hour_later_and_once():
    assert dues("30 2 * * *", "2026-03-28T12:00", 2) == ["03-29 03:30+0200", "03-30 02:30+0200"]


def test_a_time_that_comes_twice_counts_the_first_time():
    assert dues("30 2 * * *", "2026-10-24T12:00", 2) == ["10-25 02:30+0200", "10-26 02:30+0100"]


def test_what_runs_every_so_many_minutes_goes_on_through_both_hours():
    assert dues("*/30 * * * *", "2026-10-25T01:45", 5) == [
        "10-25 02:00+0200",
        "10-25 02:30+0200",
        "10-25 02:00+0100",
        "10-25 02:30+0100",
        "10-25 03:00+0100",
    ]
    assert dues("*/30 * * * *", "2026-03-29T01:15", 2) == ["03-29 01:30+0100", "03-29 03:00+0200"]


def test_a_day_that_never_comes_has_no_due_time():
    cron = parse_cron("0 0 30 2 *")
    assert cron.next_after(datetime(2026, 1, 1, tzinfo=UTC), UTC) is None
    assert cron.last_until(datetime(2026, 1, 1, tzinfo=UTC), UTC) is None


@pytest.mark.parametrize(
    "expression",
    [
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-2 * * * *",
        "*/0 * * * *",
        "a * * * *",
        "1- * * * *",
        "1/ * * * *",
        "+1 * * * *",
        "1_0 * * * *",
        "٣ * * * *",
        ", * * * *",
        "* * L * *",
        "* * LW * *",
        "* * * * 5L",
        "* * * * mon#1",
        "* * * * frı",
        "0 * * * * *",
        f"{'9' * 5000} * * * *",
        "",
    ],
)
def test_what_is_no_expression_is_refused(expression):
    with pytest.raises(InvalidInput):
        parse_cron(expression)


fields = st.tuples(
    st.sampled_from(["*", "0", "*/7", "5,35", "10-20"]),
    st.sampled_from(["*", "2", "*/5", "1-3", "23,0"]),
    st.sampled_from(["*", "1", "29-31", "*/9"]),
    st.sampled_from(["*", "3", "oct", "2-4"]),
    st.sampled_from(["*", "0", "mon-fri", "sat,7"]),
)
moments = st.integers(946684800, 2840140800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]).map(
    ZoneInfo
)


@given(fields.map(" ".join), moments, zones)
def test_forward_and_backward_agree(expression, moment, zone):
    cron = parse_cron(expression)
    due = cron.next_after(moment, zone)
    assert due is not None
    assert due > moment
    assert cron.last_until(due, zone) == due
    before = cron.last_until(due - timedelta(microseconds=1), zone)
    assert before is not None
    assert before <= moment
    assert cron.next_after(before, zone) == due
