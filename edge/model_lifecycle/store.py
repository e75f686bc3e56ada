"""Where each version of the device's model stands. Every change is one transaction, with the event that records it."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edge.database import Database
from edge.kernel.canonical import digest_of
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget
from edge.outbox import Journal

TABLES = """
CREATE TABLE IF NOT EXISTS model_versions (
    name TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    target TEXT NOT NULL,
    runtime TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    why TEXT NOT NULL DEFAULT '',
    age INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS model_place (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    wanted TEXT REFERENCES model_versions (name),
    running TEXT REFERENCES model_versions (name),
    fallback TEXT REFERENCES model_versions (name)
);
INSERT OR IGNORE INTO model_place VALUES (1, NULL, NULL, NULL);
"""

State = Literal["fetching", "verifying", "creating", "warming", "testing", "switching", "good", "failed"]
"""What is to be done next for a version; "good" and "failed" are the ends."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the model on this device.

    Attributes:
        name: the runtime's name of it; another target has another name, so none is ever made over a running one.
        runtime: its name; empty until it is chosen.
        tries: failures in a row that may pass by themselves.
        interrupted: how often the step that is next was begun and not ended: the device was switched off, or the
            model brought it down.
    """

    name: str
    key: str
    target: ModelTarget
    runtime: str
    state: State
    tries: int
    interrupted: int
    why: str
    age: int

    @property
    def contents(self) -> tuple[ArtifactRef, ...]:
        """Base and adapter."""
        return tuple(ref for ref in (self.target.base, self.target.adapter) if ref is not None)

    @property
    def size_bytes(self) -> int:
        """Of its contents together."""
        return sum(ref.size_bytes for ref in self.contents)


@dataclass(frozen=True, slots=True)
class Place:
    """Names of versions: which is wanted, which answers, and which answers if that one cannot any more."""

    wanted: str | None
    running: str | None
    fallback: str | None


def name_of(target: ModelTarget) -> str:
    """The runtime's name of a target's model: equal targets have equal names, others do not."""
    return f"chargehand-{digest_of(target.model_dump(mode='json'))[:16]}"


class VersionStore:
    """The tables above. Methods raise StorageFailed, and OutboxFull where an event has no room; nothing is changed."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def place(self) -> Place:
        with self._database.read() as rows:
            return Place(*rows.execute("SELECT wanted, running, fallback FROM model_place").fetchone())

    def version(self, name: str | None) -> Version | None:
        with self._database.read() as rows:
            found = rows.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
        return _read(found) if found else None

    def versions(self) -> list[Version]:
        """The oldest first."""
        with self._database.read() as rows:
            return [_read(row) for row in rows.execute(f"{_SELECT} ORDER BY age")]

    def want(self, target: ModelTarget | None) -> None:
        """Take a target; one that failed, or gave way, before is begun anew. What runs goes on."""
        name = name_of(target) if target is not None else None
        with self._database.transaction() as rows:
            if target is not None:
                self._add(rows, target)
            rows.execute("UPDATE model_place SET wanted = ?", (name,))
            self._journal.record("model", {"step": "wanted", "version": target.key if target is not None else None})

    def begin(self, version: Version, runtime: str) -> None:
        """Write down that its step begins, before it does."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE model_versions SET interrupted = interrupted + 1, runtime = ? WHERE name = ?",
                (runtime, version.name),
            )

    def advance(self, version: Version, state: State, told: Mapping[str, Any]) -> None:
        """The step is done; `told` goes into the event."""
        with self._database.transaction() as rows:
            self._set(rows, version.name, state)
            self._journal.record("model", {"step": _DONE[version.state], "version": version.key, **told})

    def switch(self, version: Version, told: Mapping[str, Any]) -> None:
        """Use it from now on; what ran until now becomes what is fallen back on."""
        with self._database.transaction() as rows:
            (running,) = rows.execute("SELECT running FROM model_place").fetchone()
            if running != version.name:
                rows.execute("UPDATE model_place SET running = ?, fallback = running", (version.name,))
            self._set(rows, version.name, "good")
            self._journal.record("model", {"step": "switched", "version": version.key, **told})

    def fall_back(self, bad: Version, good: Version, why: str) -> None:
        """Use the last good version in the place of one that fails; that one is not tried again."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE model_place SET running = ?, fallback = NULL", (good.name,))
            self._set(rows, bad.name, "failed", why)
            self._journal.record("model", {"step": "fell_back", "version": good.key, "failed": bad.key, "why": why})

    def lose(self, gone: Version, why: str) -> None:
        """Make a version anew that the runtime lost; what is fallen back on runs meanwhile."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE model_place SET running = fallback, fallback = NULL WHERE running = ?", (gone.name,))
            self._set(rows, gone.name, "fetching", why)
            self._journal.record("model", {"step": "lost", "version": gone.key, "why": why})

    def put_off(self, version: Version, why: str, *, counts: bool) -> None:
        """The step could not be done now. An event tells of it where the reason is another than before."""
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE model_versions SET why = ?, tries = tries + ?, interrupted = 0 WHERE name = ?",
                (why, int(counts), version.name),
            )
            if why != version.why:
                self._journal.record("model", {"step": "put_off", "version": version.key, "why": why})

    def fail(self, version: Version, why: str) -> None:
        """It is not tried again until the target changes."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE model_place SET fallback = NULL WHERE fallback = ?", (version.name,))
            self._set(rows, version.name, "failed", why)
            self._journal.record("model", {"step": "failed", "version": version.key, "failed": version.key, "why": why})

    def refuse(self, version: Version, why: str) -> None:
        """Record that something untrusted came for it."""
        self._journal.record("refused", {"what": "model", "version": version.key, "why": why})

    def complain(self, version: Version, why: str) -> None:
        """Record that the running version does not answer and nothing can be done about it."""
        self._journal.record("model", {"step": "unhealthy", "version": version.key, "why": why})

    def retire(self, version: Version) -> None:
        """It is fallen back on no more."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE model_place SET fallback = NULL WHERE fallback = ?", (version.name,))

    def stripped(self, version: Version) -> None:
        """Its files are gone from the runtime, and it has none there any more."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE model_versions SET runtime = '' WHERE name = ?", (version.name,))

    def drop(self, version: Version) -> None:
        """Forget a version whose files are gone."""
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM model_versions WHERE name = ?", (version.name,))
            self._journal.record("model", {"step": "removed", "version": version.key})

    def _add(self, rows: sqlite3.Connection, target: ModelTarget) -> None:
        name = name_of(target)
        (age,) = rows.execute("SELECT ifnull(max(age), 0) + 1 FROM model_versions").fetchone()
        rows.execute(
            "INSERT INTO model_versions (name, key, target, state, age) VALUES (?1, ?2, ?3, 'fetching', ?4)"
            " ON CONFLICT (name) DO UPDATE SET age = ?4, tries = 0, interrupted = 0, why = '', state = CASE"
            " WHEN state = 'good' AND name = (SELECT running FROM model_place) THEN 'good'"
            " WHEN state = 'good' THEN 'warming' ELSE 'fetching' END",
            (name, target.key, json.dumps(target.model_dump(mode="json")), age),
        )

    def _set(self, rows: sqlite3.Connection, name: str, state: State, why: str = "") -> None:
        rows.execute(
            "UPDATE model_versions SET state = ?, why = ?, tries = 0, interrupted = 0 WHERE name = ?",
            (state, why, name),
        )


_SELECT = "SELECT name, key, target, runtime, state, tries, interrupted, why, age FROM model_versions"
_DONE: dict[State, str] = {
    "fetching": "fetched",
    "verifying": "verified",
    "creating": "created",
    "warming": "warmed",
    "testing": "tested",
    "switching": "switched",
}


def _read(row: tuple[Any, ...]) -> Version:
    name, key, target, *others = row
    return Version(name, key, ModelTarget.model_validate_json(target), *others)
