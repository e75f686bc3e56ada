"""Desired and reported state: what the hub wants of this device, and what the device reports that it is."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from edge.database import Database
from edge.kernel.canonical import canonical_json, digest_of
from edge.kernel.errors import Untrusted
from edge.kernel.protocol.desired import DESIRED, Desired, Item, ItemKind, state_digest
from edge.kernel.protocol.signing import Signed

TABLES = """
CREATE TABLE IF NOT EXISTS desired (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE TABLE IF NOT EXISTS desired_place (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    whole INTEGER NOT NULL
);
INSERT OR IGNORE INTO desired_place VALUES (1, -1, 1);
CREATE TABLE IF NOT EXISTS desired_seal (id INTEGER PRIMARY KEY CHECK (id = 1), signed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reported (part TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reported_place (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    hub_digest TEXT NOT NULL
);
INSERT OR IGNORE INTO reported_place VALUES (1, 0, '');
"""

_UNREADABLE = object()


@dataclass(frozen=True, slots=True)
class Standing:
    """Which desired state the device has; the fields are those of `SyncRequest`, without `have_`."""

    revision: int
    digest: str
    whole: bool


class DesiredState:
    """The items as the hub last gave them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._proved: tuple[str, str, str] | None = None

    def proved(self, hub_key: str) -> bool | None:
        """Whether what is stored is what the hub signed last, looked at now: whoever alters the disk alters nothing.

        Returns:
            None where nothing was ever taken with its seal.

        Raises:
            StorageFailed.
        """
        with self._database.read() as rows:
            found = rows.execute("SELECT signed FROM desired_seal").fetchone()
            digest = _digest(rows)
        if found is None:
            return None
        if self._proved != (hub_key, found[0], digest):
            try:
                body = Signed.model_validate_json(found[0]).open(DESIRED, hub_key)
            except (Untrusted, ValidationError, ValueError):
                return False
            if not digest or body.get("digest") != digest:
                return False
            self._proved = (hub_key, found[0], digest)
        return True

    def standing(self) -> Standing:
        """The digest is made anew of what is stored: if the disk altered an item, the hub sends all of them."""
        with self._database.read() as rows:
            revision, whole = rows.execute("SELECT revision, whole FROM desired_place").fetchone()
            digest = _digest(rows)
        return Standing(revision, digest, bool(whole) or not digest)

    def items(self, kind: ItemKind | None = None) -> list[Item]:
        """By kind and name; of one kind, or all. Raises StorageFailed.

        What the disk made unreadable is left out, until the hub has sent it again.
        """
        with self._database.read() as rows:
            found = rows.execute("SELECT kind, name, revision, body FROM desired ORDER BY kind, name").fetchall()
        return [
            Item(kind=row[0], name=row[1], revision=row[2], body=body)
            for row in found
            if kind in {None, row[0]} and isinstance(body := _read(row[3]), dict)
        ]

    def find(self, kind: ItemKind, name: str) -> Item | None:
        """Raises StorageFailed."""
        return next((item for item in self.items(kind) if item.name == name), None)

    def take(self, desired: Desired, signed: Signed | None = None) -> frozenset[ItemKind]:
        """Take changes, or the whole state, for what the hub wants from now on.

        Args:
            signed: the envelope in which it came, which proves later what is stored.

        Returns:
            The kinds of which items came, changed or went.

        Raises:
            Untrusted: the outcome is not what the hub says it is. Nothing was taken; call `ask_for_whole`.
            StorageFailed: nothing was taken.
        """
        with self._database.transaction() as rows:
            (revision,) = rows.execute("SELECT revision FROM desired_place").fetchone()
            if desired.since is not None and desired.since != revision:
                raise Untrusted(f"The changes start from revision {desired.since}, this device has {revision}.")
            before = _bodies(rows)
            if desired.since is None:
                rows.execute("DELETE FROM desired")
            for item in desired.items:
                rows.execute("DELETE FROM desired WHERE kind = ? AND name = ?", (item.kind, item.name))
                if item.body is not None:
                    body = canonical_json(item.body).decode()
                    rows.execute("INSERT INTO desired VALUES (?, ?, ?, ?)", (item.kind, item.name, item.revision, body))
            if _digest(rows) != desired.digest:
                raise Untrusted(f"The desired state of revision {desired.revision} does not fit its digest.")
            rows.execute("UPDATE desired_place SET revision = ?, whole = 0", (desired.revision,))
            if signed is not None:
                sealed = signed.model_dump_json()
                rows.execute("INSERT INTO desired_seal VALUES (1, ?1) ON CONFLICT DO UPDATE SET signed = ?1", (sealed,))
            after = _bodies(rows)
        return frozenset(
            cast("ItemKind", key[0]) for key in before.keys() | after.keys() if before.get(key) != after.get(key)
        )

    def ask_for_whole(self) -> None:
        """The next request asks for all of it. Raises StorageFailed."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE desired_place SET whole = 1")


class ReportedState:
    """What the device reports that it is, in named parts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, part: str, value: Any) -> bool:
        """Set one part; whether that changed it. Raises StorageFailed; ValueError, TypeError: it is not JSON."""
        spelled = canonical_json(value).decode()
        with self._database.transaction() as rows:
            changed = rows.execute(
                "INSERT INTO reported VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
                " WHERE value != excluded.value",
                (part, spelled),
            ).rowcount
            if changed:
                rows.execute("UPDATE reported_place SET version = version + 1")
        return bool(changed)

    def parts(self) -> dict[str, Any]:
        """All parts, but what the disk made unreadable. Raises StorageFailed."""
        with self._database.read() as rows:
            return _parts(rows)

    def due(self) -> tuple[int, dict[str, Any] | None]:
        """The version, and the parts where the hub does not have just these. Raises StorageFailed."""
        with self._database.read() as rows:
            version, hub_digest = rows.execute("SELECT version, hub_digest FROM reported_place").fetchone()
            parts = _parts(rows)
        return version, (parts if parts and digest_of(parts) != hub_digest else None)

    def hub_has(self, version: int, digest: str) -> None:
        """What the hub says that it has. Raises StorageFailed.

        A hub that has as new a version with other parts knows them of a time before this disk was set back: what is
        here becomes newer than that.
        """
        with self._database.transaction() as rows:
            (ours,) = rows.execute("SELECT version FROM reported_place").fetchone()
            if version >= ours and digest_of(_parts(rows)) != digest:
                ours = version + 1
            rows.execute("UPDATE reported_place SET version = ?, hub_digest = ?", (ours, digest))


def _bodies(rows: sqlite3.Connection) -> dict[tuple[str, str], str]:
    return {(kind, name): body for kind, name, body in rows.execute("SELECT kind, name, body FROM desired")}


def _digest(rows: sqlite3.Connection) -> str:
    """The digest of what is stored; "" where an item is no JSON any more."""

    def stored() -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
        for key, body in _bodies(rows).items():
            yield key, json.loads(body)

    try:
        return state_digest(dict(stored()))
    except ValueError:
        return ""


def _parts(rows: sqlite3.Connection) -> dict[str, Any]:
    found = {part: _read(value) for part, value in rows.execute("SELECT part, value FROM reported")}
    return {part: value for part, value in found.items() if value is not _UNREADABLE}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return _UNREADABLE
