"""Runs the device's jobs: kept, scheduled, retried.

A job is run only as the hub signed it: its envelope is checked again at each run, so nobody who alters the device's
disk makes it do anything. One job has one run at a time. A run that power cut short is tried again as often as the job
allows, else recorded as interrupted; so it may have been done twice, and is never silently lost.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.database import Database
from edge.jobs.group import sweep_groups
from edge.jobs.sandbox import Ended, end_group, run_apart
from edge.jobs.schedule import Due, Moment, Waiting, cron_due, event_fits, first_of, interval_due
from edge.jobs.store import JobStore, Run, StoredJob, spelled
from edge.kernel.errors import CallerError, ChargehandError, InvalidInput, Untrusted
from edge.kernel.protocol.desired import Item
from edge.kernel.protocol.jobs import JOB, Ask, Job, OnCron, OnEvent, OnInterval, parse_cron
from edge.kernel.protocol.signing import Signed
from edge.outbox import Outbox

_EVENTS_A_LOOK = 200


@dataclass(frozen=True, slots=True)
class JobParts:
    """What jobs need of the device.

    Attributes:
        hub_key: the key that must have signed a job; None while the device is not enrolled: nothing runs then.
        toolbox: "module:function" that makes the toolbox of a device's folder, for child processes.
        ask: puts a text to the assistant: (text, by, limit_s) -> result; None where the device has no assistant.
        clock: UTC; may jump by years. `monotonic` does not, within a boot.
        boot: names this start of the device's operating system.
        zone: local time, of which cron expressions speak.
    """

    hub_key: Callable[[], str | None]
    folder: Path
    toolbox: str
    ask: Callable[[str, str, float], Mapping[str, Any]] | None
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    boot: str
    zone: tzinfo = UTC
    run_apart: Callable[..., Ended] = run_apart


class Jobs:
    """All jobs of the device. Safe to use from several threads: each that calls `run_next` works on one run.

    One process at a time works on them, the first that asks; then it takes up what an earlier one left.
    """

    def __init__(self, database: Database, outbox: Outbox, parts: JobParts) -> None:
        self._database = database
        self._store = JobStore(database, outbox)
        self._events = outbox
        self._parts = parts
        self._lock = threading.Lock()
        self._trusted: dict[str, Job] = {}
        self._claim: int | None = None

    def replace(self, items: Iterable[Item]) -> None:
        """Take the jobs of the desired state; items of other kinds are passed over. Raises StorageFailed."""
        jobs = {item.name: (item.revision, spelled(item.body)) for item in items if item.kind == "job" and item.body}
        known = {job.name: (job.revision, job.signed) for job in self._store.known()}
        if jobs != known:
            self._trusted = {}
            self._store.replace(jobs, self._last_event(), self._now())

    def due(self) -> int:
        """Look at all schedules, and keep what fell due. Returns how many runs wait. Raises StorageFailed."""
        if not self._take_over():
            return 0
        now = self._now()
        for known in self._store.known():
            job = self._trust(known)
            if job is not None:
                self._look(known, job, now)
        return sum(run.state == "waiting" for run in self._store.open_runs())

    def run_next(self) -> bool:
        """Carry out the run whose turn it is. Blocks for as long as it takes. Returns False where none can begin.

        Raises:
            StorageFailed, OutboxFull: what happened could not be recorded; it is made up for at the next start.
        """
        begun = self._begin() if self._take_over() else None
        if begun is None:
            return False
        run, job = begun
        self._conclude(run, job, self._carry_out(run, job))
        return True

    def names(self) -> list[str]:
        """Of all jobs, for the reported state."""
        return [job.name for job in self._store.known()]

    def close(self) -> None:
        """Let another process work on them."""
        with self._lock:
            self._give_up()

    def _take_over(self) -> bool:
        """Whether this is the process that works on them; the claim ends with the process, however it ends."""
        with self._lock:
            if self._claim is not None:
                return True
            claim = os.open(self._parts.folder / "jobs.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(claim)
                return False
            self._claim = claim
            try:
                self._recover()
            except BaseException:
                self._give_up()
                raise
            return True

    def _give_up(self) -> None:
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _recover(self) -> None:
        """End what a killed daemon left running, and decide about runs that were cut short."""
        now = self._now()
        sweep_groups(self._parts.folder)
        for run in self._store.open_runs():
            if run.state != "started":
                continue
            if run.boot == now.boot:
                end_group(run.process, run.process_began)
            known = self._store.job(run.job)
            job = self._trust(known) if known is not None else None
            if job is not None and run.attempt <= job.retries.times:
                self._store.try_again(run, now, _delay_s(job, run.attempt), "It was cut short.")
            else:
                self._store.finish(run, "interrupted", {"error": "It was cut short, and is not tried again."})

    def _look(self, known: StoredJob, job: Job, now: Moment) -> None:
        schedule, seq = job.schedule, known.event_seq
        if isinstance(schedule, OnCron):
            due = cron_due(parse_cron(schedule.expression), self._parts.zone, job.missed, known.memory, now)
        elif isinstance(schedule, OnInterval):
            due = interval_due(schedule, job.missed, known.memory, now)
        elif isinstance(schedule, OnEvent):
            newer = self._events.since(seq, schedule.kind, _EVENTS_A_LOOK)
            fits = any(event_fits(schedule, job.name, event.kind, json.loads(event.body)) for event in newer)
            seq = newer[-1].seq if newer else seq
            due = Due(now.wall if fits else None, known.memory)
        else:
            due = Due(None if known.once_done else now.wall, known.memory)
        with self._database.transaction():
            if due.missed:
                self._store.miss(known, due.memory, due.missed)
            if due.at is not None:
                self._store.add_run(known, due.memory, seq, due.at, now)
            elif due.memory != known.memory or seq != known.event_seq:
                self._store.remember(known, due.memory, seq)

    def _begin(self) -> tuple[Run, Job] | None:
        """Choose the run whose turn it is, and write down that it begins."""
        with self._lock:
            while True:
                now, runs = self._now(), self._store.open_runs()
                busy = {run.job for run in runs if run.state == "started"}
                ready = [run for run in runs if run.state == "waiting" and run.job not in busy and _may(run, now)]
                bodies = {run.id: self._known_body(run) for run in ready}
                waiting = (Waiting(run.id, _priority(bodies[run.id]), run.waited_s(now)) for run in ready)
                chosen = first_of(waiting)
                if chosen is None:
                    return None
                run = next(run for run in ready if run.id == chosen.run)
                job = self._check_again(run)
                if job is None:
                    continue
                if job.deadline_s is not None and run.attempt == 1 and run.waited_s(now) > job.deadline_s:
                    self._store.finish(run, "late", {"error": f"It did not begin within {job.deadline_s:g} s."})
                elif self._store.start(run, now):
                    return run, job

    def _carry_out(self, run: Run, job: Job) -> Ended:
        action, limits, by = job.action, job.limits, f"job:{job.name}"
        if isinstance(action, Ask):
            return self._put_to_assistant(action, by, limits.wall_s)
        order = {
            "toolbox": self._parts.toolbox,
            "folder": str(self._parts.folder),
            "tool": action.tool,
            "arguments": action.arguments,
            "by": by,
            "cpu_s": limits.cpu_s,
            "memory_mb": limits.memory_mb,
            "tasks": limits.tasks,
        }

        def on_start(process: int, began: int) -> None:
            self._store.note_process(run, process, began)

        return self._parts.run_apart(order, limits.wall_s, on_start)

    def _put_to_assistant(self, action: Ask, by: str, limit_s: float) -> Ended:
        """In this process: the model is not in another one, and the assistant keeps to its own limits."""
        if self._parts.ask is None:
            return Ended("failed", 0.0, why="This device has no assistant.", again=False)
        begun = time.monotonic()
        try:
            result = self._parts.ask(action.text, by, limit_s)
        except ChargehandError as error:
            return Ended("failed", time.monotonic() - begun, why=str(error), again=not isinstance(error, CallerError))
        return Ended("done", time.monotonic() - begun, result=result)

    def _conclude(self, run: Run, job: Job, ended: Ended) -> None:
        if ended.outcome != "done" and ended.again and run.attempt <= job.retries.times:
            self._store.try_again(run, self._now(), _delay_s(job, run.attempt), ended.why)
        else:
            self._store.finish(run, ended.outcome, ended.event_body())

    def _check_again(self, run: Run) -> Job | None:
        """The job as it lies on the disk now, its signature checked now. None: the run is over."""
        known = self._store.job(run.job)
        if known is None:
            self._store.finish(run, "withdrawn", {})
            return None
        self._trusted.pop(known.signed, None)
        return self._trust(known)

    def _trust(self, known: StoredJob) -> Job | None:
        """The job, if the hub signed it; None where it did not, which is recorded once."""
        if known.signed in self._trusted:
            return self._trusted[known.signed]
        try:
            job = _opened(known, self._parts.hub_key())
        except (Untrusted, InvalidInput) as error:
            self._store.refuse(known, str(error))
            return None
        self._trusted = {**self._trusted, known.signed: job}
        return job

    def _known_body(self, run: Run) -> Job | None:
        known = self._store.job(run.job)
        return self._trust(known) if known is not None else None

    def _last_event(self) -> int:
        newest = self._events.recent(limit=1)
        return newest[-1].seq if newest else 0

    def _now(self) -> Moment:
        return Moment(self._parts.clock().astimezone(UTC), self._parts.monotonic(), self._parts.boot)


def _opened(known: StoredJob, hub_key: str | None) -> Job:
    """Raises Untrusted, InvalidInput."""
    if hub_key is None:
        raise Untrusted("The device is not enrolled.")
    try:
        signed = Signed.model_validate_json(known.signed)
        job = Job.model_validate(signed.open(JOB, hub_key))
    except ValidationError as error:
        raise InvalidInput("This is no job that the device understands.", "Update the device.") from error
    if job.name != known.name:
        raise Untrusted(f"The job {known.name} is signed as {job.name}.")
    if isinstance(job.schedule, OnCron):
        parse_cron(job.schedule.expression)
    return job


def _priority(job: Job | None) -> int:
    return job.priority if job is not None else 9  # it is refused at once


def _may(run: Run, now: Moment) -> bool:
    """Whether its pause between two attempts is over; after a restart of the device it is."""
    return run.boot != now.boot or now.monotonic >= run.not_before_s


def _delay_s(job: Job, attempt: int) -> float:
    return job.retries.first_delay_s * 2.0 ** (attempt - 1)
