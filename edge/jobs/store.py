"""The device's jobs and their runs: due -> waiting -> started -> finished. Every change is one transaction."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.database import Database
from edge.jobs.schedule import Moment, ScheduleState
from edge.kernel.errors import OutboxFull
from edge.outbox import Journal

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    signed TEXT NOT NULL,
    seen TEXT NOT NULL,
    waited_s REAL,
    mark_wall TEXT NOT NULL,
    mark_monotonic REAL NOT NULL,
    mark_boot TEXT NOT NULL,
    once_done INTEGER NOT NULL DEFAULT 0,
    event_seq INTEGER NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS job_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    revision INTEGER NOT NULL,
    due_at TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    boot TEXT NOT NULL,
    since_s REAL NOT NULL,
    age_s REAL NOT NULL,
    not_before_s REAL NOT NULL,
    process INTEGER NOT NULL DEFAULT 0,
    process_began INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS job_runs_open ON job_runs (job) WHERE state != 'finished';
"""
_RUNS_KEPT = 20
"""Finished runs of each job that stay on the device."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it lies here: `signed`, the JSON of its envelope, is not trusted. `refused`: that was recorded."""

    name: str
    revision: int
    signed: str
    memory: ScheduleState
    once_done: bool
    event_seq: int
    refused: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One run that has not finished.

    Attributes:
        boot, since_s: when it was seen to be due, by the clock of that boot; it was `age_s` late then.
        not_before_s: by the same clock.
        process, process_began: its group's leader and when that was started, in ticks since the boot; 0 for none.
    """

    id: int
    job: str
    revision: int
    due_at: datetime
    state: str
    attempt: int
    boot: str
    since_s: float
    age_s: float
    not_before_s: float
    process: int
    process_began: int

    def waited_s(self, now: Moment) -> float:
        """How late it is; over a restart of the device by the wall clock, and never less than it was."""
        if self.boot == now.boot:
            return self.age_s + max(0.0, now.monotonic - self.since_s)
        return max(self.age_s, (now.wall - self.due_at).total_seconds())


class JobStore:
    """The tables above. Methods raise StorageFailed, and OutboxFull where an event has no room; nothing is changed."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def known(self) -> list[StoredJob]:
        """By name."""
        with self._database.read() as rows:
            return [_read_job(row) for row in rows.execute(f"{_SELECT_JOB} ORDER BY name")]

    def job(self, name: str) -> StoredJob | None:
        with self._database.read() as rows:
            row = rows.execute(f"{_SELECT_JOB} WHERE name = ?", (name,)).fetchone()
        return _read_job(row) if row else None

    def open_runs(self) -> list[Run]:
        """Waiting and started ones, the oldest first."""
        with self._database.read() as rows:
            return [_read_run(row) for row in rows.execute(f"{_SELECT_RUN} WHERE state != 'finished' ORDER BY id")]

    def replace(self, jobs: Mapping[str, tuple[int, str]], last_event: int, now: Moment) -> None:
        """Take the jobs, by name: revision and envelope. Waiting runs of those that are gone are withdrawn."""
        with self._database.transaction() as rows:
            for name, (revision, signed) in jobs.items():
                rows.execute(
                    "INSERT INTO jobs (name, revision, signed, seen, mark_wall, mark_monotonic, mark_boot, event_seq)"
                    " VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET signed = ?3,"
                    " revision = ?2, once_done = once_done AND revision = ?2, refused = refused AND signed = ?3",
                    (name, revision, signed, now.wall.isoformat(), now.monotonic, now.boot, last_event),
                )
            gone = [name for (name,) in rows.execute("SELECT name FROM jobs").fetchall() if name not in jobs]
            for name in gone:
                rows.execute("DELETE FROM jobs WHERE name = ?", (name,))
                for row in rows.execute(f"{_SELECT_RUN} WHERE job = ? AND state = 'waiting'", (name,)).fetchall():
                    self.finish(_read_run(row), "withdrawn", {})

    def remember(self, job: StoredJob, memory: ScheduleState, event_seq: int) -> None:
        """Keep what a look left to remember."""
        with self._database.transaction() as rows:
            self._remember(rows, job, memory, event_seq)

    def add_run(self, job: StoredJob, memory: ScheduleState, event_seq: int, due_at: datetime, now: Moment) -> None:
        """Keep a run that fell due, and that it did; none is added beside one that is waiting."""
        with self._database.transaction() as rows:
            self._remember(rows, job, memory, event_seq)
            rows.execute("UPDATE jobs SET once_done = 1 WHERE name = ? AND revision = ?", (job.name, job.revision))
            age_s = max(0.0, (now.wall - due_at).total_seconds())
            added = rows.execute(
                "INSERT INTO job_runs (job, revision, due_at, state, boot, since_s, age_s, not_before_s)"
                " SELECT ?1, ?2, ?3, 'waiting', ?4, ?5, ?6, ?5"
                " WHERE NOT EXISTS (SELECT 1 FROM job_runs WHERE job = ?1 AND state = 'waiting')",
                (job.name, job.revision, due_at.isoformat(), now.boot, now.monotonic, age_s),
            )
            if not added.rowcount:
                why = f"The run that was due at {due_at.isoformat()} is one with that which still waits."
                self._journal.record(
                    "job", {"job": job.name, "revision": job.revision, "outcome": "missed", "error": why}
                )

    def miss(self, job: StoredJob, memory: ScheduleState, why: str) -> None:
        """Record that due times went by."""
        with self._database.transaction() as rows:
            self._remember(rows, job, memory, job.event_seq)
            self._journal.record("job", {"job": job.name, "revision": job.revision, "outcome": "missed", "error": why})

    def refuse(self, job: StoredJob, why: str) -> None:
        """Record, once for each envelope, that a job cannot be trusted; its waiting run is over."""
        with self._database.transaction() as rows:
            if not job.refused:
                self._journal.record("refused", {"what": "job", "name": job.name, "revision": job.revision, "why": why})
            rows.execute("UPDATE jobs SET refused = 1 WHERE name = ?", (job.name,))
            for row in rows.execute(f"{_SELECT_RUN} WHERE job = ? AND state = 'waiting'", (job.name,)).fetchall():
                self.finish(_read_run(row), "refused", {"error": why})

    def start(self, run: Run, now: Moment) -> bool:
        """Write down that it begins. False where another one did first, or the job has one that runs."""
        with self._database.transaction() as rows:
            changed = rows.execute(
                "UPDATE job_runs SET state = 'started', process = 0, process_began = 0, boot = ?3, since_s = ?4,"
                " age_s = ?5 WHERE id = ?1 AND state = 'waiting'"
                " AND NOT EXISTS (SELECT 1 FROM job_runs WHERE job = ?2 AND state = 'started')",
                (run.id, run.job, now.boot, now.monotonic, run.waited_s(now)),
            )
            rows.execute(
                "UPDATE jobs SET waited_s = 0, mark_wall = ?, mark_monotonic = ?, mark_boot = ?"
                " WHERE name = ? AND waited_s IS NOT NULL",
                (now.wall.isoformat(), now.monotonic, now.boot, run.job),
            )
            return changed.rowcount == 1

    def note_process(self, run: Run, process: int, began: int) -> None:
        """Keep which process group works on it, so that a later start of the daemon can end it."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE job_runs SET process = ?, process_began = ? WHERE id = ?", (process, began, run.id))

    def finish(self, run: Run, outcome: str, told: Mapping[str, Any]) -> None:
        """The run is over; the event that tells of it is in the same transaction."""
        body = {
            "job": run.job,
            "revision": run.revision,
            "run": run.id,
            "attempt": run.attempt,
            "due_at": run.due_at.isoformat(),
            "outcome": outcome,
        }
        with self._database.transaction() as rows:
            rows.execute("UPDATE job_runs SET state = 'finished', outcome = ? WHERE id = ?", (outcome, run.id))
            rows.execute(
                "DELETE FROM job_runs WHERE job = ?1 AND state = 'finished' AND id NOT IN"
                " (SELECT id FROM job_runs WHERE job = ?1 AND state = 'finished' ORDER BY id DESC LIMIT ?2)",
                (run.job, _RUNS_KEPT),
            )
            try:
                self._journal.record("job", {**body, **told})
            except OutboxFull:  # what it gave is too long to be kept: that it ended is not
                self._journal.record("job", body)

    def try_again(self, run: Run, now: Moment, delay_s: float, why: str) -> None:
        """Let it wait for another attempt, and record why."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE job_runs SET state = 'waiting', attempt = attempt + 1, process = 0, boot = ?, since_s = ?,"
                " age_s = ?, not_before_s = ? WHERE id = ?",
                (now.boot, now.monotonic, run.waited_s(now), now.monotonic + delay_s, run.id),
            )
            told = {"job": run.job, "revision": run.revision, "run": run.id, "attempt": run.attempt}
            self._journal.record("job", {**told, "outcome": "retried", "error": why})

    def _remember(self, rows: sqlite3.Connection, job: StoredJob, memory: ScheduleState, event_seq: int) -> None:
        mark = memory.mark
        rows.execute(
            "UPDATE jobs SET seen = ?, waited_s = ?, mark_wall = ?, mark_monotonic = ?, mark_boot = ?, event_seq = ?"
            " WHERE name = ?",
            (
                memory.seen.isoformat(),
                memory.waited_s,
                mark.wall.isoformat(),
                mark.monotonic,
                mark.boot,
                event_seq,
                job.name,
            ),
        )


_SELECT_JOB = (
    "SELECT name, revision, signed, seen, waited_s, mark_wall, mark_monotonic, mark_boot, once_done, event_seq, refused"
    " FROM jobs"
)
_SELECT_RUN = (
    "SELECT id, job, revision, due_at, state, attempt, boot, since_s, age_s, not_before_s, process, process_began"
    " FROM job_runs"
)


def _read_job(row: tuple[Any, ...]) -> StoredJob:
    name, revision, signed, seen, waited_s, wall, monotonic, boot, once_done, event_seq, refused = row
    memory = ScheduleState(
        datetime.fromisoformat(seen), waited_s, Moment(datetime.fromisoformat(wall), monotonic, boot)
    )
    return StoredJob(name, revision, signed, memory, bool(once_done), event_seq, bool(refused))


def _read_run(row: tuple[Any, ...]) -> Run:
    number, job, revision, due_at, *others = row
    return Run(number, job, revision, datetime.fromisoformat(due_at), *others)


def spelled(envelope: Mapping[str, Any]) -> str:
    """An envelope as it is kept."""
    return json.dumps(envelope, sort_keys=True)
