"""A clock that jumps by years makes no storm of runs, and no run is lost to it for ever."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge.jobs.schedule import Moment, ScheduleState, Waiting, cron_due, event_fits, first_of, interval_due
from edge.kernel.protocol.jobs import OnEvent, OnInterval, parse_cron

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """A device's clocks: `true_s` is what really went by."""

    true_s: float = 0.0
    offset: timedelta = timedelta()
    booted_s: float = 0.0
    boots: int = 0
    jumps: int = 0

    def now(self) -> Moment:
        wall = START + timedelta(seconds=self.true_s) + self.offset
        return Moment(wall, self.true_s - self.booted_s, str(self.boots))


@dataclass
class Lived:
    """What a job went through: true times of its due runs, and how often something was missed."""

    runs: list[float] = field(default_factory=list)
    missed: int = 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.floats(0.5, 90.0)),
        st.tuples(st.just("jump"), st.floats(-10 * 366 * 86400.0, 10 * 366 * 86400.0)),
        st.tuples(st.just("adjust"), st.floats(-3600.0, 3600.0)),
        st.tuples(st.just("off"), st.floats(1.0, 7 * 86400.0)),
    ),
    max_size=60,
)


def live(happenings, look) -> tuple[Lived, Clock]:
    clock, lived = Clock(), Lived()
    memory = ScheduleState(START, None, clock.now())
    for what, amount in happenings:
        if what == "tick":
            clock.true_s += amount
        elif what == "off":
            clock.true_s += amount
            clock.booted_s, clock.boots = clock.true_s, clock.boots + 1
        else:
            moved = START + timedelta(seconds=clock.true_s) + clock.offset + timedelta(seconds=amount)
            if datetime(1971, 1, 1, tzinfo=UTC) < moved < datetime(2090, 1, 1, tzinfo=UTC):
                clock.offset += timedelta(seconds=amount)
                clock.jumps += 1
        due = look(memory, clock.now())
        memory = due.memory
        lived.missed += bool(due.missed)
        if due.at is not None:
            lived.runs.append(clock.true_s)
    return lived, clock


@given(steps, st.sampled_from(["run_once", "skip"]))
def test_cron_runs_at_most_once_a_minute_and_once_for_each_jump(happenings, missed):
    cron = parse_cron("* * * * *")
    lived, clock = live(happenings, lambda memory, now: cron_due(cron, UTC, missed, memory, now))
    assert len(lived.runs) <= clock.true_s / 60 + 1 + clock.jumps
    assert len(lived.runs) <= len(happenings)


@given(st.lists(st.floats(0.5, 59.0), min_size=1, max_size=100))
def test_cron_with_a_clock_that_is_right_misses_no_minute(gaps):
    cron = parse_cron("* * * * *")
    lived, clock = live([("tick", gap) for gap in gaps], lambda memory, now: cron_due(cron, UTC, "skip", memory, now))
    assert len(lived.runs) == int(clock.true_s // 60)
    assert lived.missed == 0


@given(steps, st.floats(60, 86400))
def test_interval_runs_are_as_far_apart_as_they_should_be(happenings, every_s):
    schedule = OnInterval(every_s=every_s)
    lived, clock = live(happenings, lambda memory, now: interval_due(schedule, "run_once", memory, now))
    within_a_boot = clock.true_s / every_s + 1
    assert len(lived.runs) <= within_a_boot + clock.boots
    if clock.boots == 0:
        assert all(later - sooner >= every_s - 0.001 for sooner, later in zip(lived.runs, lived.runs[1:], strict=False))


def test_after_years_off_one_run_makes_up_for_all_or_none():
    cron = parse_cron("0 3 * * *")
    now = Moment(START + timedelta(days=3650, hours=5), 1.0, "b")
    memory = ScheduleState(START, None, Moment(START, 1.0, "a"))
    once = cron_due(cron, UTC, "run_once", memory, now)
    assert once.at == START + timedelta(days=3650, hours=3)
    assert "was missed" in once.missed
    none = cron_due(cron, UTC, "skip", memory, now)
    assert none.at is None
    assert "was missed" in none.missed
    assert cron_due(cron, UTC, "run_once", once.memory, now).at is None


def test_a_clock_set_back_by_an_hour_does_not_run_the_night_again_and_by_a_year_it_goes_on():
    cron = parse_cron("0 3 * * *")
    memory = ScheduleState(START + timedelta(hours=3, minutes=1), None, Moment(START, 0.0, "a"))
    back = [START + timedelta(hours=2, minutes=n) for n in range(90)]
    for wall in back:
        due = cron_due(cron, UTC, "run_once", memory, Moment(wall, 0.0, "a"))
        memory = due.memory
        assert due.at is None
    long_ago = START - timedelta(days=365)
    memory = cron_due(cron, UTC, "run_once", memory, Moment(long_ago, 0.0, "a")).memory
    assert cron_due(cron, UTC, "run_once", memory, Moment(long_ago + timedelta(hours=4), 0.0, "a")).at is not None


def test_an_interval_longer_than_any_boot_comes_nevertheless_with_a_clock_that_stands_in_1970():
    schedule, memory, runs = OnInterval(every_s=86400), ScheduleState(START, 0.0, Moment(START, 0.0, "0")), 0
    for boot in range(1, 60):
        for minute in range(0, 240, 5):
            now = Moment(datetime(1970, 1, 1, tzinfo=UTC), minute * 60.0, str(boot))
            due = interval_due(schedule, "run_once", memory, now)
            memory, runs = due.memory, runs + (due.at is not None)
    assert 4 <= runs <= 59 * 4 / 24


def test_events_of_jobs_set_off_only_jobs_that_name_them():
    on_alert = OnEvent(kind="alert", equals={"severity": "critical"})
    assert event_fits(on_alert, "a", "alert", {"severity": "critical", "by": "person:anna"})
    assert not event_fits(on_alert, "a", "alert", {"severity": "info"})
    assert not event_fits(on_alert, "a", "alert", {"severity": "critical", "by": "job:b"})
    any_job = OnEvent(kind="job", equals={"outcome": "failed"})
    assert not event_fits(any_job, "a", "job", {"job": "b", "outcome": "failed"})
    named = OnEvent(kind="job", equals={"outcome": "failed", "job": "b"})
    assert event_fits(named, "a", "job", {"job": "b", "outcome": "failed"})
    assert not event_fits(named, "b", "job", {"job": "b", "outcome": "failed"})


@given(st.integers(0, 9), st.integers(0, 9))
def test_nobody_waits_for_ever(priority, others):
    """An urgent run falls due every second and takes one: the waiting one goes within ten minutes."""
    for second in range(3600):
        newest = Waiting(second + 1, others, 0.0)
        if (chosen := first_of([Waiting(0, priority, float(second)), newest])) is not None and chosen.run == 0:
            assert second <= 600
            return
    raise AssertionError("it starved")


def test_of_equals_the_first_goes_first():
    assert first_of([Waiting(2, 5, 0.0), Waiting(1, 5, 0.0)]) == Waiting(1, 5, 0.0)
    assert first_of([]) is None
