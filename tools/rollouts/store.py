"""Rollouts in the ledger. Functions take a unit, to be part of a tool's transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeVar, cast

from edge.kernel.errors import Conflict
from memory.ledger import Ledger, Unit
from memory.ledger.rollouts import Rollout as Row
from memory.ledger.rollouts import RolloutEvent, Target, tenants_with_due_rollouts, tenants_with_open_rollouts
from tools.calling.approval import ApprovalRequest, ask, end
from tools.fleet.waves import place_models
from tools.rollouts.rollout import Action, AppendEvent, Rollout, SetTarget, Transition
from tools.rollouts.targets import TargetKind, TargetState

T = TypeVar("T")
_PARKED = datetime(9999, 1, 1, tzinfo=UTC)
"""Due date of what waits for a person: to the ledger, none is "at once"."""
_COLUMNS = {
    "tenant", "id", "target", "plan", "state", "requested_by", "created_at", "updated_at", "step", "due_at", "revision",
}  # fmt: skip


class LedgerRolloutStore:
    """`RolloutStore` over a ledger, for all tenants."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[Rollout]:
        claimed: list[Row] = []
        for tenant in tenants_with_due_rollouts(self._ledger.database, now):  # looking takes no lock
            with self._ledger.unit(tenant) as unit:
                claimed.extend(unit.rollouts.claim(holder, until, now, limit - len(claimed)))
            if len(claimed) >= limit:
                break
        return [_rollout(row) for row in claimed]

    def renew(self, holder: str, runs: Sequence[Rollout], until: datetime) -> set[str]:
        kept: set[str] = set()
        for tenant, theirs in _by_tenant(runs, lambda rollout: rollout.tenant):
            with self._ledger.unit(tenant) as unit:
                kept.update(unit.rollouts.renew([rollout.id for rollout in theirs], holder, until))
        return kept

    def commit(self, steps: Sequence[Transition], holder: str | None = None) -> list[Rollout]:
        """As `RunStore.commit`; without a holder, in a person's name: whoever has the lease."""
        through: list[Rollout] = []
        for tenant, theirs in _by_tenant(steps, lambda step: step[0].tenant):
            with self._ledger.unit(tenant) as unit:
                through.extend(after for after, actions in theirs if _went_through(unit, after, actions, holder))
        return through

    def postpone(self, runs: Sequence[Rollout]) -> None:
        for tenant, theirs in _by_tenant(runs, lambda rollout: rollout.tenant):
            rows = [_row(rollout) for rollout in theirs]  # before the lock is taken
            with self._ledger.unit(tenant) as unit:
                for row in rows:
                    unit.rollouts.postpone(row)  # a person may have acted on it meanwhile; the next look sees that

    def release(self, holder: str) -> None:
        for tenant in tenants_with_open_rollouts(self._ledger.database):
            with self._ledger.unit(tenant) as unit:
                unit.rollouts.release_all(holder)

    def get(self, tenant: str, run_id: str) -> Rollout:
        with self._ledger.view(tenant) as unit:
            return read_rollout(unit, run_id)

    def revisions(self, tenant: str, targets: Sequence[str]) -> dict[str, int]:
        with self._ledger.view(tenant) as unit:
            return {**dict.fromkeys(targets, 0), **unit.targets.revisions(targets)}

    def events(self, tenant: str, run_id: str, after: int, limit: int = 500) -> list[RolloutEvent]:
        with self._ledger.view(tenant) as unit:
            return unit.rollouts.events(run_id, after, limit)


def read_rollout(unit: Unit, rollout_id: str) -> Rollout:
    """Raises NotFound: there is no such rollout in this tenant; names the nearest."""
    return _rollout(unit.rollouts.get(rollout_id))


def rollouts_of(unit: Unit, target: str | None, limit: int, *, active: bool) -> list[Rollout]:
    """Newest first; of all targets, or of one; `active`: those that are not over."""
    return [_rollout(row) for row in unit.rollouts.all(target, limit, active=active)]


def read_target(unit: Unit, name: str) -> tuple[TargetState, int]:
    """What the target serves, and its revision: nothing and 0 where there is no such target yet."""
    found = unit.targets.find(name)
    return (TargetState.model_validate(found.traffic), found.revision) if found else (TargetState(), 0)


def add_rollout(unit: Unit, rollout: Rollout) -> None:
    """Add a new one. Raises Conflict: its target is in another rollout, or its id is taken."""
    other = unit.rollouts.open_on(rollout.target)
    if other is not None:
        raise Conflict(
            f"{rollout.target} is in rollout {other.id} already ({other.state}).",
            "Wait until it is over, or abort it.",
        )
    unit.rollouts.add(_row(rollout))
    _append_events(
        unit,
        rollout,
        [AppendEvent("state", f"asked for by {rollout.requested_by}", {"from": None, "to": rollout.state})],
    )


def write_change(unit: Unit, after: Rollout, actions: Sequence[Action], holder: str | None = None) -> None:
    """Replace the rollout by its next revision, append its events, set its target, and ask for its approval.

    Args:
        holder: who must have the lease; None does not ask.

    Raises:
        Conflict: the rollout is not at the revision before this one, another one has its lease, or the target is not as
            the actions expect.
    """
    unit.rollouts.save(replace(_row(after), revision=after.revision - 1), holder)
    for action in actions:
        if isinstance(action, SetTarget):
            _set_target(unit, after, action)
    _append_events(unit, after, actions)
    if after.state == "waiting_for_approval":  # whoever is told that it waits can decide at once
        ask(unit, approval_request(after), after.updated_at)
    if not after.active:
        _end_approvals(unit, after)


def _end_approvals(unit: Unit, rollout: Rollout) -> None:
    """Nobody is left to be asked about a rollout that is over: neither whether it may go on, nor be promoted now."""
    reason = f"rollout {rollout.id} is {rollout.state}"
    end(unit, approval_request(rollout).id, reason)
    for approval in unit.approvals.open_of("rollout_promote"):
        if isinstance(approval.plan, Mapping) and cast("Mapping[str, Any]", approval.plan).get("rollout") == rollout.id:
            end(unit, approval.id, reason)


def approval_request(rollout: Rollout) -> ApprovalRequest:
    """The approval that a rollout waits for, bound to exactly its target, what that serves, candidate and plan."""
    plan = rollout.model_dump(mode="json", include={"target", "before", "candidate", "plan"})
    return ApprovalRequest(
        id=f"ap-{rollout.id}",
        tool="rollout_start",
        arguments={"rollout": rollout.id, "target": rollout.target, "version": rollout.candidate.version},
        plan=plan,
        bound={"rollout": rollout.id, **plan},
        requester=rollout.requested_by,
        needed=rollout.approvers,
    )


def _set_target(unit: Unit, rollout: Rollout, action: SetTarget) -> None:
    found = unit.targets.find(rollout.target)
    kind: TargetKind = found.kind if found else rollout.plan.kind
    unit.targets.save(
        Target(
            name=rollout.target,
            kind=kind,
            traffic=action.state.model_dump(mode="json"),
            updated_at=rollout.updated_at,
            configuration=found.configuration if found else {},
            revision=action.expected_revision,
        )
    )
    if kind == "devices":
        by = f"rollout {rollout.id}"
        place_models(unit, rollout.target, rollout.updated_at, by, candidate=rollout.candidate.key)


def _append_events(unit: Unit, rollout: Rollout, actions: Sequence[Action]) -> None:
    events = [(one.kind, {"text": one.text, "data": one.data}) for one in actions if isinstance(one, AppendEvent)]
    unit.rollouts.append_events(rollout.id, events, rollout.updated_at)


def _went_through(unit: Unit, after: Rollout, actions: Sequence[Action], holder: str | None) -> bool:
    """Whether nobody else was first; what was written of it is undone alone otherwise."""
    try:
        with unit.savepoint():
            write_change(unit, after, actions, holder)
    except Conflict:
        return False
    return True


def _by_tenant(items: Sequence[T], tenant_of: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    """A tenant's items in their order."""
    return [(tenant, list(theirs)) for tenant, theirs in groupby(sorted(items, key=tenant_of), tenant_of)]


def _row(rollout: Rollout) -> Row:
    return Row(
        tenant=rollout.tenant,
        id=rollout.id,
        target=rollout.target,
        kind=rollout.plan.strategy.kind,
        state=rollout.state,
        plan=rollout.plan.model_dump(mode="json"),
        requested_by=rollout.requested_by,
        created_at=rollout.created_at,
        updated_at=rollout.updated_at,
        position=rollout.step,
        progress=rollout.model_dump(mode="json", exclude=_COLUMNS),
        due_at=rollout.due_at or _PARKED,
        ended_at=None if rollout.active else rollout.updated_at,
        revision=rollout.revision,
    )


def _rollout(row: Row) -> Rollout:
    columns: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS - {"step", "due_at"}}
    due_at = None if row.due_at is None or row.due_at >= _PARKED else row.due_at
    return Rollout.model_validate({**row.progress, **columns, "step": row.position, "due_at": due_at})
