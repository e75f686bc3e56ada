"""The kernel of durable work, with a kind of work that only counts."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.runs import Lease, Pass, Step, Work, Worker, backoff_s

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Count:
    """Counts to `goal`, one a look."""

    id: str
    due_at: datetime | None = NOON
    reached: int = 0
    goal: int = 1
    revision: int = 0
    failures: int = 0


@dataclass
class Counts:
    """A store in memory; `history` is what was committed."""

    runs: dict[str, Count]
    leases: dict[str, tuple[str, datetime]] = field(default_factory=dict[str, tuple[str, datetime]])
    history: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    renewed: threading.Event = field(default_factory=threading.Event)
    refuses: str = ""

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[Count]:
        due = [one for one in self.runs.values() if one.due_at is not None and one.due_at <= now]
        free = [one for one in due if self._holder(one.id, now) in {"", holder}][:limit]
        self.leases.update(dict.fromkeys([one.id for one in free], (holder, until)))
        return free

    def renew(self, holder: str, runs: Sequence[Count], until: datetime) -> set[str]:
        kept = {one.id for one in runs if self.leases[one.id][0] == holder and self.runs[one.id].due_at is not None}
        self.leases.update(dict.fromkeys(kept, (holder, until)))
        self.renewed.set()
        return kept

    def commit(self, steps: Sequence[Step[Count]], holder: str) -> list[Count]:
        if any(after.id == self.refuses and not after.failures for after, _ in steps):
            raise OSError("the disk is full")
        through: list[Count] = []
        for after, _ in steps:
            if self.leases[after.id][0] != holder or self.runs[after.id].revision + 1 != after.revision:
                continue
            self.runs[after.id] = after
            self.history.append((after.id, after.reached))
            through.append(after)
        return through

    def postpone(self, runs: Sequence[Count]) -> None:
        self.runs.update({one.id: one for one in runs if self.runs[one.id].revision == one.revision})

    def release(self, holder: str) -> None:
        self.leases = {name: lease for name, lease in self.leases.items() if lease[0] != holder}

    def _holder(self, run_id: str, now: datetime) -> str:
        holder, until = self.leases.get(run_id, ("", now))
        return holder if until > now else ""


def count_on(run: Count, now: datetime) -> Step[Count]:
    """One more, or wait for a minute."""
    if run.reached == run.goal:
        return replace(run, due_at=now + timedelta(minutes=1)), ()
    return replace(run, reached=run.reached + 1, revision=run.revision + 1, failures=0, due_at=now), ("counted",)


def step_all(runs: Sequence[Count], now: datetime, lease: Lease) -> list[Step[Count] | Exception]:
    return [count_on(run, now) for run in runs]


def failed(run: Count, error: str, now: datetime) -> Step[Count]:
    failures = run.failures + 1
    due_at = now + timedelta(seconds=backoff_s(failures))
    return replace(run, failures=failures, revision=run.revision + 1, due_at=due_at), (error,)


@dataclass
class Bench:
    """A store of counts, its clock, and workers over it."""

    store: Counts
    now: datetime = NOON

    def worker(
        self,
        step: Callable[[Sequence[Count], datetime, Lease], list[Step[Count] | Exception]] = step_all,
        holder: str = "one",
        lease_s: float = 15.0,
    ) -> Worker[Count]:
        work = Work("count", self.store, step, failed, batch=10)
        return Worker(work, holder=holder, clock=lambda: self.now, lease_s=lease_s)


def bench(*runs: Count) -> Bench:
    return Bench(Counts({run.id: run for run in runs}))


def test_each_step_of_each_due_run_is_committed_once() -> None:
    made = bench(*(Count(f"r{number:02}", goal=3) for number in range(25)), Count("later", NOON + timedelta(hours=1)))
    assert made.worker().run_once() == Pass(looked_at=25, changes=75)
    assert sorted(made.store.history) == [(f"r{number:02}", reached) for number in range(25) for reached in (1, 2, 3)]
    assert made.worker().run_once() == Pass()


def test_a_run_with_many_steps_does_not_keep_the_others_waiting() -> None:
    made = bench(Count("long", goal=100), Count("short"))
    assert made.worker().look() == Pass(looked_at=2, changes=9)
    assert made.store.runs["short"].reached == 1


def test_one_that_fails_is_tried_ever_less_often_and_does_not_stop_the_others() -> None:
    def step(runs: Sequence[Count], now: datetime, lease: Lease) -> list[Step[Count] | Exception]:
        if any(run.id == "all" for run in runs):
            raise RuntimeError("none can be looked at")
        return [ValueError("broken") if run.id == "broken" else count_on(run, now) for run in runs]

    made = bench(Count("good"), Count("broken"), Count("all"), Count("unwritten"))
    made.store.refuses = "unwritten"
    assert made.worker(step).run_once() == Pass(looked_at=4, changes=1, failures=3)
    waits: list[float] = []
    for _ in range(12):
        waits.append(((made.store.runs["broken"].due_at or NOON) - made.now).total_seconds())
        made.now += timedelta(seconds=waits[-1])
        made.worker(step).run_once()
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert made.store.runs["good"].reached == 1


def test_a_lease_keeps_other_workers_away_until_it_is_over() -> None:
    made = bench(Count("r"))
    made.store.claim("one", NOON, NOON + timedelta(seconds=15), 10)
    assert made.worker(holder="two").run_once() == Pass()
    assert made.worker(holder="one").run_once().changes == 1, "started again under its name, it goes on at once"


def test_nothing_is_committed_once_another_worker_has_the_lease() -> None:
    def step(runs: Sequence[Count], now: datetime, lease: Lease) -> list[Step[Count] | Exception]:
        made.store.leases["r"] = ("two", made.now + timedelta(minutes=1))  # as after a pause longer than the lease
        return step_all(runs, now, lease)

    made = bench(Count("r"))
    assert made.worker(step).run_once() == Pass(looked_at=1)
    assert made.store.runs["r"].reached == 0


@pytest.mark.parametrize("lost", ["taken over", "cancelled"])
def test_the_heartbeat_keeps_the_lease_of_a_long_step_and_tells_it_when_to_stop(lost: str) -> None:
    def step(runs: Sequence[Count], now: datetime, lease: Lease) -> list[Step[Count] | Exception]:
        made.now += timedelta(minutes=1)
        made.store.renewed.clear()
        assert made.store.renewed.wait(20)
        kept.append(made.store.leases["r"] == ("one", made.now + timedelta(seconds=0.03)))
        kept.append(not lease.must_stop("r"))
        if lost == "cancelled":
            made.store.runs["r"] = replace(made.store.runs["r"], due_at=None, revision=1)
        else:
            made.store.leases["r"] = ("two", made.now + timedelta(minutes=1))
        deadline = time.monotonic() + 20
        while not lease.must_stop("r") and time.monotonic() < deadline:
            made.store.renewed.clear()
            made.store.renewed.wait(20)
        kept.append(lease.must_stop("r"))
        return step_all(runs, now, lease)

    kept: list[bool] = []
    made = bench(Count("r"))
    assert made.worker(step, lease_s=0.03).run_once() == Pass(looked_at=1)
    assert kept == [True, True, True]
    assert made.store.history == []


async def test_a_worker_that_is_stopped_tells_its_steps_and_gives_back_its_leases() -> None:
    begun, loop = asyncio.Event(), asyncio.get_running_loop()

    def step(runs: Sequence[Count], now: datetime, lease: Lease) -> list[Step[Count] | Exception]:
        loop.call_soon_threadsafe(begun.set)
        deadline = time.monotonic() + 20
        while not lease.must_stop("r") and time.monotonic() < deadline:
            time.sleep(0.001)
        return [(run, ()) for run in runs]

    made, stop = bench(Count("r")), asyncio.Event()
    running = asyncio.create_task(made.worker(step).run(stop, every_s=60))
    await begun.wait()
    stop.set()
    await asyncio.wait_for(running, 30)
    assert made.store.leases == {}


async def test_a_store_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Counts):
        def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[Count]:
            tries.append(now)
            if len(tries) < 3:
                raise OSError("no such disk")
            loop.call_soon_threadsafe(stop.set)
            return super().claim(holder, now, until, limit)

    tries: list[datetime] = []
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    made = Bench(Failing({"r": Count("r")}))
    await asyncio.wait_for(made.worker().run(stop, every_s=0), 30)
    assert made.store.runs["r"].reached == 1
    assert caplog.text.count("a look at the counts failed") == 2


@given(st.integers(1, 2000), st.floats(0.1, 100), st.floats(100, 1000))
def test_back_off_rises_from_the_first_wait_to_the_longest(failures: int, first_s: float, longest_s: float) -> None:
    now, later = (backoff_s(number, first_s=first_s, longest_s=longest_s) for number in (failures, failures + 1))
    assert first_s <= now <= later <= longest_s
    assert later in {2 * now, longest_s}


def test_a_clock_that_is_set_back_stops_no_work() -> None:
    """What was due in a minute would else be due in an hour and a minute."""
    clock, ticks = [NOON], [0.0]
    store = Counts({"a": Count("a", due_at=NOON + timedelta(seconds=60))})
    work = Work("count", store, step_all, failed, batch=10)
    worker = Worker(work, holder="one", clock=lambda: clock[0], monotonic=lambda: ticks[0])
    assert worker.run_once().looked_at == 0
    clock[0], ticks[0] = NOON - timedelta(hours=1), 61.0
    assert worker.run_once().looked_at == 1
