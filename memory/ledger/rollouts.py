"""Targets with the desired split of their traffic, and rollouts with leases and events; see `tools/rollouts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.database import Database
from memory.ledger.repository import RevisedRepository, Rows
from memory.ledger.scope import Condition, TenantScope
from memory.ledger.tables import Key, Max32, Max64, Name, map_table

_LEASE = frozenset({"lease_owner", "lease_until"})
_CLOCK_SKEW = timedelta(minutes=1)
_AHEAD = timedelta(seconds=4000)
"""No look is planned further ahead than this: what seems to be was planned before the clock was set back."""
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""What is due later waits for a person."""
_NO_LEASE = {"lease_owner": None, "lease_until": None}


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

    tenant: Key[Max64[str]]
    id: Key[Name]
    target: Name
    kind: Max32[str]
    state: Max32[str]
    plan: Mapping[str, Any]
    requested_by: Name
    created_at: datetime
    updated_at: datetime
    position: int = 0
    progress: Mapping[str, Any] = field(default_factory=dict[str, Any])
    due_at: datetime | None = None
    ended_at: datetime | None = None
    lease_owner: Name | None = None
    lease_until: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class RolloutEvent:
    """Something that happened to a rollout; `sequence` counts from 1 within it."""

    rollout: Key[Name]
    sequence: Key[int]
    at: datetime
    kind: Max64[str]
    detail: Mapping[str, Any]

    @property
    def text(self) -> str:
        return self.detail["text"]

    @property
    def data(self) -> dict[str, Any]:
        """JSON, for programs."""
        return self.detail["data"]


rollouts = map_table("rollouts", Rollout, sa.Index(None, "ended_at", "due_at"), sa.Index(None, "tenant", "target"))
rollout_events = map_table(
    "rollout_events",
    RolloutEvent,
    sa.ForeignKeyConstraint(["tenant", "rollout"], ["rollouts.tenant", "rollouts.id"]),
)
_BY_DUE = (rollouts.c.due_at.nulls_first(), rollouts.c.updated_at)


class Rollouts(RevisedRepository[Rollout]):
    """One tenant's rollouts, with the leases on them and their history."""

    table, row, noun = rollouts, Rollout, "rollout"

    def __init__(self, scope: TenantScope) -> None:
        super().__init__(scope)
        self._events = Rows(scope, rollout_events, RolloutEvent)

    def all(self, target: str | None = None, limit: int = 200, *, active: bool = False) -> list[Rollout]:
        """Newest first; of all targets, or of one; `active`: those that have not ended."""
        where = [rollouts.c.ended_at.is_(None)] if active else []
        order = (rollouts.c.created_at.desc(), rollouts.c.id)
        return self._rows.list(*where, order=order, limit=limit, target=target)

    def open(self, limit: int | None = None) -> list[Rollout]:
        """Those that have not ended, the longest due first."""
        return self._rows.list(rollouts.c.ended_at.is_(None), order=_BY_DUE, limit=limit)

    def claim(self, owner: str, until: datetime, now: datetime, limit: int) -> list[Rollout]:
        """Take or prolong the leases of what there is to do, the longest due first; does not count as a change.

        What another one has leased still is left out, unless its lease is longer than one can be: then the clock was
        set back since it was taken.
        """
        free = sa.or_(
            rollouts.c.lease_owner.is_(None),
            rollouts.c.lease_owner == owner,
            rollouts.c.lease_until <= now,
            rollouts.c.lease_until > until + _CLOCK_SKEW,
        )
        due = self._rows.list(*_due(now), free, order=_BY_DUE, limit=limit)
        if due:
            lease = {"lease_owner": owner, "lease_until": until}
            self._scope.update(rollouts, lease, rollouts.c.id.in_([rollout.id for rollout in due]))
        return [replace(rollout, lease_owner=owner, lease_until=until) for rollout in due]

    def renew(self, rollout_ids: Sequence[str], owner: str, until: datetime) -> list[str]:
        """Prolong the leases that `owner` still has on those that have not ended; returns their ids."""
        where = (rollouts.c.id.in_(rollout_ids), rollouts.c.lease_owner == owner, rollouts.c.ended_at.is_(None))
        self._scope.update(rollouts, {"lease_until": until}, *where)
        return [rollout.id for rollout in self._rows.list(*where)]

    def postpone(self, rollout: Rollout) -> bool:
        """Save `due_at` and `progress` alone, if nobody has changed it since; does not count as a change."""
        values = {"due_at": rollout.due_at, "progress": rollout.progress}
        return self._scope.update_by(rollouts, values, {"id": rollout.id, "revision": rollout.revision}) == 1

    def open_on(self, target: str) -> Rollout | None:
        """The rollout that moves this target now."""
        return self._rows.first(rollouts.c.target == target, rollouts.c.ended_at.is_(None))

    def add(self, item: Rollout) -> None:
        """Raises Conflict: there is such a rollout already."""
        self._add_new(item, "Choose another name.")

    def save(self, item: Rollout, owner: str | None = None) -> Rollout:
        """Overwrite all but the lease; returns it with its new revision.

        Args:
            owner: must hold the lease still; None does not ask.

        Raises:
            Conflict: it was changed since it was read, or another one has the lease.
        """
        where = [rollouts.c.lease_owner == owner] if owner is not None else []
        self._rows.replace(item, *where, but=_LEASE)
        return self._revised(item)

    def release(self, rollout_id: str, owner: str) -> None:
        """Give the lease back, where `owner` has it."""
        self._scope.update(rollouts, _NO_LEASE, rollouts.c.id == rollout_id, rollouts.c.lease_owner == owner)

    def release_all(self, owner: str) -> int:
        """Give back every lease that `owner` has; returns how many."""
        return self._scope.update(rollouts, _NO_LEASE, rollouts.c.lease_owner == owner)

    def append_events(
        self, rollout_id: str, events: Sequence[tuple[str, Mapping[str, Any]]], at: datetime
    ) -> list[RolloutEvent]:
        """Add to the rollout's history: each one's kind and detail."""
        told = self._scope.find_by(rollout_events, ("sequence",), {"rollout": rollout_id}, ("sequence",))
        last = told[-1]["sequence"] if told else 0
        added = [
            RolloutEvent(rollout_id, last + place, at, kind, detail) for place, (kind, detail) in enumerate(events, 1)
        ]
        self._events.add(*added)
        return added

    def events(self, rollout_id: str, after: int = 0, limit: int = 1000) -> list[RolloutEvent]:
        """The history from behind the sequence number `after`, oldest first."""
        columns = rollout_events.c
        where = (columns.rollout == rollout_id, columns.sequence > after)
        return self._events.list(*where, order=columns.sequence, limit=limit)

    def _known(self) -> list[str]:
        return [rollout.id for rollout in self.all()]


def tenants_with_due_rollouts(database: Database, now: datetime) -> list[str]:
    """Whom a reconciler has something to do for now, the longest waiting first; each is then a `Unit` of its own."""
    query = sa.select(rollouts.c.tenant).where(*_due(now)).group_by(rollouts.c.tenant)
    waiting = sa.func.min(sa.func.coalesce(rollouts.c.due_at, rollouts.c.updated_at))
    return [row["tenant"] for row in database.rows(query.order_by(waiting, rollouts.c.tenant))]


def tenants_with_open_rollouts(database: Database) -> list[str]:
    """Whom a reconciler has work for; each is then a `Unit` of its own."""
    query = sa.select(rollouts.c.tenant).where(rollouts.c.ended_at.is_(None)).distinct().order_by(rollouts.c.tenant)
    return [row["tenant"] for row in database.rows(query)]


def _due(now: datetime) -> tuple[Condition, Condition]:
    set_back = sa.and_(rollouts.c.due_at > now + _AHEAD, rollouts.c.due_at < _NEVER)
    return rollouts.c.ended_at.is_(None), sa.or_(rollouts.c.due_at.is_(None), rollouts.c.due_at <= now, set_back)


@dataclass(frozen=True, slots=True)
class Target:
    """A serving target of the gateway, or a group of devices: its desired state.

    Attributes:
        traffic: version id -> weight; JSON, shaped by who splits the traffic.
        configuration: what goes with the versions; JSON.
        revision: counts changes; 0 for one that is new.
    """

    name: Key[Name]
    kind: Max32[Literal["serving", "devices"]]
    traffic: Mapping[str, Any]
    updated_at: datetime
    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    revision: int = 0


targets = map_table("targets", Target)


class Targets(RevisedRepository[Target]):
    """One tenant's targets."""

    table, row, noun = targets, Target, "target"

    def revisions(self, names: Sequence[str]) -> dict[str, int]:
        """Of those of these targets that there are."""
        found = self._scope.find(targets, ("name", "revision"), [targets.c.name.in_(names)])
        return {row["name"]: row["revision"] for row in found}

    def save(self, item: Target) -> Target:
        """Insert at revision 0, else overwrite what was read; returns it with its new revision.

        Raises:
            Conflict: it was changed since it was read, or is there already.
        """
        if item.revision > 0:
            return super().save(item)
        after = self._revised(item)
        self._add_new(after, "Read it, then change it.")
        return after
