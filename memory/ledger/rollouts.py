"""Rollouts as they are kept; what their states mean stands in `tools/rollouts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import schema
from memory.ledger.database import Database
from memory.ledger.rows import Rows
from memory.ledger.scope import Condition, TenantScope
from memory.nearest import nearest_names

__all__ = ["Rollout", "RolloutEvent", "Rollouts", "tenants_with_due_rollouts", "tenants_with_open_rollouts"]

_LEASE = frozenset({"lease_owner", "lease_until"})
_NO_LEASE = {"lease_owner": None, "lease_until": None}
_table = schema.rollouts
_BY_DUE = (_table.c.due_at.nulls_first(), _table.c.updated_at)


@dataclass(frozen=True, slots=True)
class Rollout:
    """One move of a target from one version to another.

    Attributes:
        plan: never changes; JSON.
        position: index of the plan's step that is under way.
        progress: what the reconciler remembers between steps; JSON.
        due_at: when there is next something to do; None for at once.
        ended_at: None while it is open.
        lease_owner, lease_until: who drives it until when; written by `Rollouts.claim` alone.
        revision: counts changes; 0 for a new one.
    """

    tenant: str
    id: str
    target: str
    kind: str
    state: str
    plan: Mapping[str, Any]
    requested_by: str
    created_at: datetime
    updated_at: datetime
    position: int = 0
    progress: Mapping[str, Any] = field(default_factory=dict[str, Any])
    due_at: datetime | None = None
    ended_at: datetime | None = None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class RolloutEvent:
    """Something that happened to a rollout; `sequence` counts from 1 within it."""

    rollout: str
    sequence: int
    at: datetime
    kind: str
    detail: Mapping[str, Any]


class Rollouts:
    """Reads and writes of one tenant's rollouts."""

    def __init__(self, scope: TenantScope) -> None:
        self._scope = scope
        self._rows = Rows(scope, _table, Rollout)
        self._events = Rows(scope, schema.rollout_events, RolloutEvent)

    def get(self, rollout_id: str) -> Rollout:
        """Raises NotFound: there is no such rollout; names the nearest."""
        found = self._rows.first(_table.c.id == rollout_id)
        if found is None:
            nearest = nearest_names(rollout_id, [rollout.id for rollout in self.all()])
            raise NotFound(f"There is no rollout {rollout_id!r}.", nearest=nearest)
        return found

    def all(self, target: str | None = None, limit: int = 200, *, active: bool = False) -> list[Rollout]:
        """Newest first; of all targets, or of one; `active`: those that have not ended."""
        where = [_table.c.target == target] if target is not None else []
        where += [_table.c.ended_at.is_(None)] if active else []
        return self._rows.list(*where, order=(_table.c.created_at.desc(), _table.c.id), limit=limit)

    def open(self, limit: int | None = None) -> list[Rollout]:
        """Those that have not ended, the longest due first."""
        return self._rows.list(_table.c.ended_at.is_(None), order=_BY_DUE, limit=limit)

    def claim(self, owner: str, until: datetime, now: datetime, limit: int) -> list[Rollout]:
        """Take or prolong the leases of what there is to do, the longest due first; does not count as a change.

        What another one has leased still is left out.
        """
        free = sa.or_(_table.c.lease_owner.is_(None), _table.c.lease_owner == owner, _table.c.lease_until <= now)
        due = self._rows.list(*_due(now), free, order=_BY_DUE, limit=limit)
        if due:
            lease = {"lease_owner": owner, "lease_until": until}
            self._scope.update(_table, lease, _table.c.id.in_([rollout.id for rollout in due]))
        return [replace(rollout, lease_owner=owner, lease_until=until) for rollout in due]

    def renew(self, rollout_ids: Sequence[str], owner: str, until: datetime) -> list[str]:
        """Prolong the leases that `owner` still has on those that have not ended; returns their ids."""
        where = (_table.c.id.in_(rollout_ids), _table.c.lease_owner == owner, _table.c.ended_at.is_(None))
        self._scope.update(_table, {"lease_until": until}, *where)
        return [rollout.id for rollout in self._rows.list(*where)]

    def postpone(self, rollout: Rollout) -> bool:
        """Save `due_at` and `progress` alone, if nobody has changed it since; does not count as a change."""
        values = {"due_at": rollout.due_at, "progress": rollout.progress}
        return self._scope.update_by(_table, values, {"id": rollout.id, "revision": rollout.revision}) == 1

    def open_on(self, target: str) -> Rollout | None:
        """The rollout that moves this target now."""
        return self._rows.first(_table.c.target == target, _table.c.ended_at.is_(None))

    def add(self, rollout: Rollout) -> None:
        """Raises Conflict: there is such a rollout already."""
        if self._rows.first(_table.c.id == rollout.id) is not None:
            raise Conflict(f"There is a rollout {rollout.id!r} already.", "Choose another name.")
        self._rows.add(rollout)

    def save(self, rollout: Rollout, owner: str | None = None) -> Rollout:
        """Overwrite all but the lease; returns it with its new revision.

        Args:
            owner: must hold the lease still; None does not ask.

        Raises:
            Conflict: it was changed since it was read, or another one has the lease.
        """
        where = [_table.c.lease_owner == owner] if owner is not None else []
        self._rows.replace(rollout, *where, but=_LEASE)
        return replace(rollout, revision=rollout.revision + 1)

    def release(self, rollout_id: str, owner: str) -> None:
        """Give the lease back, where `owner` has it."""
        self._scope.update(_table, _NO_LEASE, _table.c.id == rollout_id, _table.c.lease_owner == owner)

    def release_all(self, owner: str) -> int:
        """Give back every lease that `owner` has; returns how many."""
        return self._scope.update(_table, _NO_LEASE, _table.c.lease_owner == owner)

    def append_events(
        self, rollout_id: str, events: Sequence[tuple[str, Mapping[str, Any]]], at: datetime
    ) -> list[RolloutEvent]:
        """Add to the rollout's history: each one's kind and detail."""
        told = self._scope.find_by(schema.rollout_events, ("sequence",), {"rollout": rollout_id}, ("sequence",))
        last = told[-1]["sequence"] if told else 0
        added = [
            RolloutEvent(rollout_id, last + place, at, kind, detail) for place, (kind, detail) in enumerate(events, 1)
        ]
        self._events.add_all(added)
        return added

    def events(self, rollout_id: str, after: int = 0, limit: int = 1000) -> list[RolloutEvent]:
        """The history from behind the sequence number `after`, oldest first."""
        columns = schema.rollout_events.c
        return self._events.list(
            columns.rollout == rollout_id, columns.sequence > after, order=columns.sequence, limit=limit
        )


def tenants_with_due_rollouts(database: Database, now: datetime) -> list[str]:
    """Whom a reconciler has something to do for now, the longest waiting first; each is then a `Unit` of its own."""
    query = sa.select(_table.c.tenant).where(*_due(now)).group_by(_table.c.tenant)
    waiting = sa.func.min(sa.func.coalesce(_table.c.due_at, _table.c.updated_at))
    return [row["tenant"] for row in database.rows(query.order_by(waiting, _table.c.tenant))]


def tenants_with_open_rollouts(database: Database) -> list[str]:
    """Whom a reconciler has work for; each is then a `Unit` of its own."""
    query = sa.select(_table.c.tenant).where(_table.c.ended_at.is_(None)).distinct().order_by(_table.c.tenant)
    return [row["tenant"] for row in database.rows(query)]


def _due(now: datetime) -> tuple[Condition, Condition]:
    return _table.c.ended_at.is_(None), sa.or_(_table.c.due_at.is_(None), _table.c.due_at <= now)
